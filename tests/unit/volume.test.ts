import { volumeLabel } from "../../components/cloud/labels";
import { volumePath } from "../../components/cloud/mail-disk";
import type { Past } from "../../components/history/history";
import { parseSettings } from "../../components/settings/parse";
import { instanceId } from "./support/fake-cloud";
import { recordMailServer, type RecordedServer } from "./support/mail-server";

const good = {
  domain: "example.org",
  administrator: "admin@example.org",
  users: [{ address: "admin@example.org" }],
  cloudflareZoneId: "0123456789abcdef0123456789abcdef",
};

test("there is no volume unless it is asked for", async () => {
  expect(parseSettings(good).volumeGb).toBe(0);
  const { registrations } = await recordMailServer();
  expect(registrations.filter(({ type }) => /volume|MailDisk/i.test(type))).toEqual([]);
});

test.each([10, 16384])("%d GB are taken", (volumeGb) => {
  expect(parseSettings({ ...good, volumeGb }).volumeGb).toBe(volumeGb);
});

test.each<[unknown, string]>([
  [9, "must be 0 (no volume) or 10 to 16384 GB"],
  [16385, "must be 0 (no volume) or 10 to 16384 GB"],
  [-1, "must be 0 (no volume) or 10 to 16384 GB"],
  [10.5, "must be a whole number of GB"],
  ["20 GB", "must be a whole number"],
])("%p GB are refused in one line", (volumeGb, message) => {
  expect(() => parseSettings({ ...good, volumeGb })).toThrow(`mailstack:volumeGb: ${message}`);
});

describe("with a volume", () => {
  let server: RecordedServer;
  beforeAll(async () => {
    server = await recordMailServer({ volumeGb: 40 });
  });

  test("it is made beside the host, attached to it, and never deleted by the program", () => {
    const disk = server.custom("mail-disk");
    expect(disk.inputs).toEqual({
      label: "mail-ementech-co-ke",
      region: "eu-central",
      size: 40,
      linodeId: Number(instanceId),
      tags: ["mailstack"],
    });
    expect(disk).toMatchObject({ protect: true, retainOnDelete: true });
  });

  test("it is there before it is used, and used before anything makes or reads mail", () => {
    const volume = server.custom("mail-volume");
    expect(server.waitsFor(volume, server.custom("mail-disk"))).toBe(true);
    for (const later of ["mail-accounts", "mail-dovecot", "mail-postfix"])
      expect(server.waitsFor(server.custom(later), volume)).toBe(true);
    const bundle = JSON.parse(server.custom("mail-volume").inputs.stdin as string) as { files: Record<string, object> };
    expect(JSON.stringify(bundle.files["/etc/systemd/system/var-vmail.mount"])).toContain(
      "What=/dev/disk/by-id/scsi-0Linode_Volume_mail-ementech-co-ke\\n",
    );
  });

  test("the one transaction of packages has what it needs", () => {
    const { packages } = JSON.parse(server.custom("mail-packages").inputs.stdin as string) as { packages: string[] };
    expect(packages).toEqual(expect.arrayContaining(["rsync", "xfsprogs"]));
  });
});

test("without protection it can be taken out of the stack, and still is not deleted", async () => {
  const server = await recordMailServer({ volumeGb: 10, protect: false });
  expect(server.custom("mail-disk")).toMatchObject({ protect: false, retainOnDelete: true });
});

const long = (last: string) => `mail.${"a".repeat(26)}.${last}`;

test.each([
  ["mail.example.org", "mail-example-org"],
  ["mx--1.example.org", /^mx-1-example-org-[0-9a-f]{6}$/],
  [long("example.org"), /^mail-a{20}-[0-9a-f]{6}$/],
  [`mail.${"a".repeat(19)}.example.org`, /^mail-a{19}-[0-9a-f]{6}$/],
])("the label of %s is one that the API takes", (hostname, label) => {
  expect(volumeLabel(hostname)).toMatch(label);
  expect(volumeLabel(hostname)).toMatch(/^(?=.{1,32}$)[a-z0-9]+(-[a-z0-9]+)*$/);
  expect(volumePath(volumeLabel(hostname))).toBe(`/dev/disk/by-id/scsi-0Linode_Volume_${volumeLabel(hostname)}`);
});

test.each([
  [long("example.org"), long("example.com")],
  ["mail.a-b.example", "mail.a.b.example"],
  ["mail.xn--a.example", "mail.xn-a.example"],
])("the volumes of %s and %s have two labels", (one, other) => {
  expect(volumeLabel(one)).not.toBe(volumeLabel(other));
});

describe("of a host with a long name", () => {
  const hostname = "mail.mail-of-a-long-department.ementech.co.ke";
  const before = "mail-mail-of-a-long-department-e";
  const first = { domain: "ementech.co.ke", hostname, selector: "ementech1" };
  const past = { first, hostname, keys: {}, published: [] };
  const disk = async (past?: Past) =>
    (await recordMailServer({ hostname, volumeGb: 40 }, { past })).custom("mail-disk").inputs.label;

  test("a new stack's volume has a digest in its label, now and at every later `up`", async () => {
    const label = await disk();
    expect(label).toBe(volumeLabel(hostname));
    expect(label).not.toBe(before);
    expect(await disk({ ...past, first: { ...first, volume: volumeLabel(hostname) } })).toBe(label);
  });

  test("a volume of a version that cut labels keeps its own: it is the path of its device", async () => {
    expect(await disk(past)).toBe(before);
  });
});

import { anotherHost, formerNames, resizesDisk } from "../../components/history/history";
import { pastOf, readPast } from "../../components/history/past";
import { parseSettings } from "../../components/settings/parse";
import { plans } from "../../components/settings/linode";
import { types } from "../../local-cloud/api/linode/catalog";
import { recordMailServer } from "./support/mail-server";
import { stackValues } from "./support/stacks";
import { valueOf } from "./support/recorded-program";

const other = { name: "example.net", cloudflareZoneId: "1".repeat(32) };
const domain = "ementech.co.ke";
const day = 86_400_000;
const settingsWith = (change: Record<string, unknown>) => parseSettings({ ...stackValues("prod"), ...change });

/** Outputs of an older version: without `history`. */
const outputs = {
  hostname: `mail.${domain}`,
  zones: {
    [domain]: `mail.${domain}. 300 IN A 203.0.113.10\nementech1._domainkey.${domain}. 300 IN TXT "v=DKIM1; k=rsa; p=AA" "BB"\n${domain}. 300 IN MX 10 mail.${domain}.\n`,
    "example.net": `ementech1._domainkey.example.net. 300 IN TXT "v=DKIM1; k=rsa; p=CC"\n`,
  },
};
const past = pastOf(outputs)!;

test("the last up is read from the outputs, also of an older version; before the first up there is none", () => {
  expect(past).toMatchObject({
    first: { domain, hostname: `mail.${domain}`, selector: "ementech1" },
    hostname: `mail.${domain}`,
    keys: { [domain]: { ementech1: "v=DKIM1; k=rsa; p=AABB" }, "example.net": { ementech1: "v=DKIM1; k=rsa; p=CC" } },
  });
  expect(pastOf({})).toBeUndefined();
});

test("a state that the engine is writing is read again, and nothing else that fails is", async () => {
  const failing = (...words: string[]) => {
    const answers = words.map((word) => Promise.reject(new Error(word)));
    answers.forEach((each) => each.catch(() => undefined));
    const call = jest.fn(() => answers.shift() ?? Promise.resolve({ outputs }));
    return { call, past: readPast(call) };
  };
  const unfinished = failing("failed to load checkpoint: EOF", "failed to load checkpoint: EOF");
  expect(await unfinished.past).toEqual(past);
  expect(unfinished.call).toHaveBeenCalledTimes(3);
  await expect(failing(...Array<string>(5).fill("failed to load checkpoint: EOF")).past).rejects.toThrow("EOF");
  const refused = failing("unknown stack");
  await expect(refused.past).rejects.toThrow("unknown stack");
  expect(refused.call).toHaveBeenCalledTimes(1);
});

test("the disk grows with the plan, and is not waited for where it cannot", () => {
  const had = (plan: string, resizes: boolean) => ({ ...past, plan, resizesDisk: resizes });
  const [small, big, dedicated] = ["g6-standard-1", "g6-standard-2", "g6-dedicated-2"];
  expect(resizesDisk(undefined, small)).toBe(true);
  expect(resizesDisk(past, big)).toBe(true);
  expect(resizesDisk(had(small, true), big)).toBe(true);
  // Both have 80 GB.
  expect(resizesDisk(had(big, true), dedicated)).toBe(false);
  // The next up changes nothing.
  expect(resizesDisk(had(dedicated, false), dedicated)).toBe(false);
  expect(resizesDisk(had(dedicated, false), "g6-standard-4")).toBe(true);
});

test("each plan has the disk that the provider lists", () => {
  const listed = types.map(({ id, memory, disk }) => [id, { memory, disk }]);
  expect(Object.fromEntries(listed)).toMatchObject(
    Object.fromEntries(Object.entries(plans).filter(([id]) => types.some((type) => type.id === id))),
  );
});

test("names and keys of before stay for a week, with the day on which they go", () => {
  const now = new Date("2026-11-29T12:00:00Z");
  const settings = settingsWith({ hostname: `mx.${domain}`, dkimSelector: "new", domains: [other] });
  const former = formerNames(past, settings, `mx.${domain}`, now);
  const until = "2026-12-06T12:00:00.000Z";
  expect(former).toEqual({
    hostnames: [{ name: `mail.${domain}`, domain }],
    keys: { [domain]: { ementech1: "v=DKIM1; k=rsa; p=AABB" }, "example.net": { ementech1: "v=DKIM1; k=rsa; p=CC" } },
    kept: {
      [`mail.${domain}`]: until,
      [`ementech1._domainkey.${domain}`]: until,
      "ementech1._domainkey.example.net": until,
    },
  });
  const next = { ...past, hostname: `mx.${domain}`, kept: former.kept };
  const days = (count: number) =>
    formerNames(next, settings, `mx.${domain}`, new Date(now.getTime() + count * day)).kept;
  expect(days(6)).toEqual(former.kept);
  // The keys are among what was published last; only their days are over.
  expect(days(8)).toEqual({});
});

test("the same names as before keep nothing", () => {
  const now = new Date();
  expect(formerNames(past, settingsWith({ domains: [other] }), `mail.${domain}`, now).kept).toEqual({});
});

const recordsOf = async (change: Record<string, unknown>) => {
  const server = await recordMailServer(change, { past });
  const records = server.ofType("cloudflare:index/dnsRecord:DnsRecord");
  return { server, byName: new Map(records.map((each) => [each.name, each.inputs])) };
};

test("another host name: its records are new ones, those of before stay as they are, in the certificate too", async () => {
  const { server, byName } = await recordsOf({ hostname: `mx.${domain}` });
  expect(byName.get("mail-address-host-a")).toMatchObject({ name: `mail.${domain}`, type: "A" });
  expect(byName.get(`mail-address-host-mx.${domain}-a`)).toMatchObject({ name: `mx.${domain}`, type: "A" });
  expect(byName.get("mail-dns-mx")).toMatchObject({ content: `mx.${domain}` });
  const bundle = server.custom("mail-certificate").inputs.stdin as string;
  expect([bundle.includes(`mail.${domain}`), bundle.includes(`mx.${domain}`)]).toEqual([true, true]);
  const policy = server.custom("mail-mta-sts").inputs.stdin as string;
  expect(policy).toContain(`mx: mx.${domain}\\nmx: mail.${domain}\\n`);
  expect((await valueOf(server.program.result.history)).kept).toEqual({
    [`mail.${domain}`]: expect.any(String) as string,
  });
  const [mx, address] = [server.custom("mail-dns-mx"), server.custom(`mail-address-host-mx.${domain}-a`)];
  expect(server.waitsFor(mx, address) && server.waitsFor(mx, server.custom("mail-certificate"))).toBe(true);
});

test("another selector: the record of before keeps its resource and its value, the new key signs after its record", async () => {
  const { server, byName } = await recordsOf({ dkimSelector: "new", domains: [other] });
  expect(byName.get("mail-dns-dkim")).toMatchObject({
    name: `ementech1._domainkey.${domain}`,
    content: '"v=DKIM1; k=rsa; p=AABB"',
  });
  expect(byName.get("mail-dns-dkim-new")).toMatchObject({ name: `new._domainkey.${domain}` });
  expect(byName.get("mail-dns-example.net-dkim")).toMatchObject({ content: '"v=DKIM1; k=rsa; p=CC"' });
  expect(server.waitsFor(server.custom("mail-dkim"), server.custom("mail-dns-example.net-dkim-new"))).toBe(true);
});

test("main domain and hosted one change places: every record of a zone keeps its resource", async () => {
  const { cloudflareZoneId } = stackValues("prod");
  const before = await recordsOf({ domains: [other] });
  const swapped = { domain: other.name, cloudflareZoneId: other.cloudflareZoneId };
  const { byName } = await recordsOf({ ...swapped, domains: [{ name: domain, cloudflareZoneId }] });
  const places = (records: Map<string, Record<string, unknown>>) =>
    new Map(
      [...records].map(([name, { zoneId, name: record, type }]) => [
        `${type as string} ${record as string} ${zoneId as string}`,
        name,
      ]),
    );
  const [was, is] = [places(before.byName), places(byName)];
  const both = [...is].filter(([place]) => was.has(place));
  expect(both.length).toBeGreaterThan(25);
  expect(both.filter(([place, name]) => was.get(place) !== name)).toEqual([]);
  // No resource is moved from one zone to another.
  expect([...byName].filter(([name, { zoneId }]) => (before.byName.get(name) ?? { zoneId }).zoneId !== zoneId)).toEqual(
    [],
  );
});

test("what needs another host is refused in words while the host is protected", () => {
  const known = { ...past, region: "eu-central", os: "debian12" };
  const moved = settingsWith({ region: "us-east", os: "debian13" });
  expect(anotherHost(known, moved).map((line) => line.slice(0, 60))).toEqual([
    "mailstack:region: the host has eu-central; us-east needs ano",
    "mailstack:os: the host has debian12; debian13 needs another ",
  ]);
  expect(anotherHost(known, { ...moved, protect: false })).toEqual([]);
  expect(anotherHost(past, moved)).toEqual([]);
});

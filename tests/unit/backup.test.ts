import * as pulumi from "@pulumi/pulumi";
import { bundleOf } from "../../components/deployment/define-service";
import { linodeOptions } from "../../components/cloud/provider-options";
import { backupsOf, type Past } from "../../components/history/history";
import { withoutBackup } from "../../components/no-backup";
import { servicesOf } from "../../components/services";
import { parseSettings } from "../../components/settings/parse";
import { goldenStack } from "../golden/stack";
import { randomBytes } from "./support/fake-cloud";
import { recordMailServer, type RecordedServer } from "./support/mail-server";
import { isSecret, open } from "./support/recorded-program";

const good = {
  domain: "example.org",
  administrator: "admin@example.org",
  users: [{ address: "admin@example.org" }],
  cloudflareZoneId: "0123456789abcdef0123456789abcdef",
};
const backupHostKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"B".repeat(43)}`;
const secretsOf = (server: RecordedServer) => {
  const { stdin } = server.custom("mail-secrets").inputs;
  expect(isSecret(stdin)).toBe(true);
  return JSON.parse(open(stdin) as string) as Record<string, string>;
};

test.each([
  "",
  "linode",
  "sftp://backup@backup.example.org/srv/mail",
  "sftp://backup@[2001:db8::1]:2222/srv/mail",
  "append-only://backup@192.0.2.1",
  "s3:https://s3.example.org/bucket/mail",
  "rest:https://backup.example.org:8000/mail",
])("the repository %p is taken", (backupRepository) => {
  expect(parseSettings({ ...good, backupRepository, backupHostKey }).backupRepository).toBe(backupRepository);
});

test.each(["auto", "nothing", "2026-11-29", "2026-11-29T10:00Z"])("a new host starts from %p", (restoreFrom) => {
  expect(parseSettings({ ...good, restoreFrom }).restoreFrom).toBe(restoreFrom);
});

test("what a new host starts from is nothing else", () => {
  expect(() => parseSettings({ ...good, restoreFrom: "yesterday" })).toThrow('mailstack:restoreFrom: must be "auto"');
});

test.each([
  "Linode",
  "/srv/mail",
  "sftp://backup.example.org/srv/mail",
  "sftp://-oProxyCommand=x@backup.example.org/srv",
  "sftp://backup@-oProxyCommand=x/srv",
  "sftp://backup@backup.example.org/srv/$(id)",
  "rest:https://user:password@backup.example.org/",
  "rest:http://backup.example.org:8000/mail",
  "s3:http://s3.example.org/bucket",
])("the repository %p is refused in words", (backupRepository) => {
  expect(() => parseSettings({ ...good, backupRepository, backupHostKey })).toThrow(
    `mailstack:backupRepository: "${backupRepository}" is neither "linode" nor an address like`,
  );
});

test("a server by SSH needs a host key: nothing is trusted on first use", () => {
  const backupRepository = "sftp://backup@backup.example.org/srv/mail";
  expect(() => parseSettings({ ...good, backupRepository })).toThrow("mailstack:backupHostKey: is missing");
});

test("the bucket is in another region than the host", () => {
  expect(() => parseSettings({ ...good, backupRepository: "linode", region: "nl-ams" })).toThrow(
    `mailstack:backupRegion: "nl-ams" is the host's own region`,
  );
});

test("the bucket is in a region that can have one", () => {
  expect(() => parseSettings({ ...good, backupRepository: "linode", backupRegion: "eu-west" })).toThrow(
    'mailstack:backupRegion: "eu-west" has no object storage; use one of ap-south, au-mel, ',
  );
});

test.each([
  [{ backupEveryHours: 5 }, "mailstack:backupEveryHours: must be 1, 2, 3, 4, 6, 8, 12 or 24"],
  [{ backupMailDays: 1 }, "mailstack:backupMailDays: must be at least 2 days"],
])("%p is refused", (change, message) => {
  expect(() => parseSettings({ ...good, ...change })).toThrow(message);
});

test("a protected host without backups is told to whoever deploys it", () => {
  expect(withoutBackup({ backupRepository: "", protect: true })).toHaveLength(1);
  expect(withoutBackup({ backupRepository: "", protect: false })).toEqual([]);
  expect(withoutBackup({ backupRepository: "linode", protect: true })).toEqual([]);
});

describe("with a bucket of the stack's", () => {
  let server: RecordedServer;
  beforeAll(async () => {
    server = await recordMailServer({ backupRepository: "linode" });
  });

  test("it is private, versioned, elsewhere, and never deleted by the program", () => {
    const bucket = server.custom("mail-backup-bucket");
    expect(bucket.inputs).toEqual({
      label: "mailstack-mail-ementech-co-ke",
      region: "nl-ams",
      acl: "private",
      versioning: true,
      lifecycleRules: [
        {
          id: "history",
          enabled: true,
          noncurrentVersionExpiration: { days: 30 },
          abortIncompleteMultipartUploadDays: 7,
        },
      ],
    });
    expect(bucket).toMatchObject({ protect: true, retainOnDelete: true });
  });

  test("its key can do nothing else", () => {
    expect(server.custom("mail-backup-bucket-key").inputs).toEqual({
      label: "mailstack-mail-ementech-co-ke",
      regions: ["nl-ams"],
      bucketAccesses: [{ bucketName: "mailstack-mail-ementech-co-ke", region: "nl-ams", permissions: "read_write" }],
    });
  });

  test("address, key and password go to the host as secrets", () => {
    expect(secretsOf(server)).toMatchObject({
      "backup-repository": "s3:https://nl-ams-1.linodeobjects.com/mailstack-mail-ementech-co-ke",
      "backup-access-key": "access-of-mail-backup-bucket-key",
      "backup-secret-key": "secret-of-mail-backup-bucket-key",
      "backup-password": randomBytes("mail-backup-password").toString("hex"),
    });
  });

  test("the service comes last, and its bundle names what the host has", () => {
    expect(server.waitsFor(server.custom("mail-backup"), server.custom("mail-fail2ban"))).toBe(true);
    expect(server.waitsFor(server.custom("mail-dns-mx"), server.custom("mail-backup"))).toBe(true);
    const { stdin } = server.custom("mail-restore-state").inputs;
    expect(stdin).toContain("@@secret:backup-secret-key@@");
    expect(stdin).not.toContain("secret-of-mail-backup-bucket-key");
  });

  test("versioning is set with temporary keys", () => {
    expect(linodeOptions({ backupRepository: "linode" })).toEqual({ objUseTempKeys: true });
    expect(linodeOptions({ backupRepository: "" })).toEqual({});
  });
});

test("by SSH the host gets a key of its own, and the server's administrator its public half", async () => {
  const server = await recordMailServer({
    backupRepository: "append-only://mail@backup.example.net",
    backupHostKey,
  });
  expect(secretsOf(server)["backup-ssh-key"]).toContain("OPENSSH PRIVATE KEY");
  expect(server.registrations.filter(({ type }) => type.startsWith("linode:index/objectStorage"))).toEqual([]);
  expect(await pulumi.isSecret(server.program.result.backupPublicKey)).toBe(false);
  expect(await pulumi.isSecret(server.program.result.backupPassword)).toBe(true);
});

test("without backups the password is there already, and not on the host", async () => {
  const server = await recordMailServer({ backupRepository: "" });
  expect(Object.keys(secretsOf(server)).filter((name) => name.startsWith("backup"))).toEqual([]);
  expect(server.custom("mail-backup-password").type).toContain("RandomPassword");
});

test("an empty repository is a beginning for the host that got it, and a loss for its successor", async () => {
  const repository = "sftp://mail@backup.example.net/srv/mail";
  const began = (past?: Past) => backupsOf(past, repository, "present");
  const past = { first: { domain: "", hostname: "", selector: "" }, hostname: "", keys: {}, published: [] };
  expect(began()).toEqual({ repository, host: "present" });
  // Another repository is a beginning for whoever gets it.
  const elsewhere = { repository: "linode", host: "former" };
  expect(began({ ...past, backups: elsewhere })).toEqual({ repository, host: "present" });
  const backups = { repository, host: "former" };
  expect(began({ ...past, backups })).toEqual(backups);
  expect(backupsOf({ ...past, backups }, "", "present")).toBeUndefined();

  const settings = { backupRepository: repository, backupHostKey };
  const begins = async (options: { past?: Past }) =>
    secretsOf(await recordMailServer(settings, options))["backup-begins"];
  expect(await begins({})).toBe("yes");
  expect(await begins({ past: { ...past, backups } })).toBe("no");
});

/** Folders of services below /var/lib that are made again from nothing. */
const rebuildable = ["/var/lib/mailstack-webmail/temp"];

test("what a service keeps below /var/lib or in mail is its state, or can be made again", () => {
  const stack = goldenStack("debian13", { backupRepository: "linode" });
  const bundles = servicesOf(stack).map((spec) => bundleOf(spec, stack));
  const kept = bundles.flatMap(({ state = [] }) => state.map(({ path }) => path));
  const made = bundles.flatMap(({ directories = {} }) => Object.keys(directories));
  const forgotten = made
    .filter((path) => /^[/]var[/](lib|vmail)/.test(path) && !rebuildable.includes(path))
    .filter((path) => !kept.some((each) => each === path || each.startsWith(`${path}/`)));
  expect(forgotten).toEqual([]);
  expect(kept.sort()).toEqual([
    "/etc/letsencrypt/accounts",
    "/etc/letsencrypt/archive",
    "/etc/letsencrypt/live",
    "/etc/letsencrypt/renewal",
    "/etc/mailstack/initial-passwords",
    "/var/lib/mailserver/mail.db",
    "/var/lib/mailstack-webmail/roundcube.db",
    "/var/lib/mailstack/dkim",
    "/var/lib/redis/dump.rdb",
    "/var/vmail",
  ]);
});

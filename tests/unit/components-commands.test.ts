import * as pulumi from "@pulumi/pulumi";
import { connection } from "../../components/deployment/connection";
import { servicesOf } from "../../components/services";
import { goldenStack } from "../golden/stack";
import { recordMailServer, type RecordedServer } from "./support/mail-server";
import { isSecret, open, type Registration } from "./support/recorded-program";
import { instanceId, ipv4 } from "./support/fake-cloud";

let server: RecordedServer;
beforeAll(async () => {
  server = await recordMailServer();
});

/** Every service of a stack without a volume. */
const services = servicesOf(goldenStack("debian12", { volumeGb: 0 })).map(({ name }) => name);
/** Name and what it runs, bootstrap apart, whose command line holds a whole program. */
const commands: Record<string, string> = {
  "mail-host-bootstrap": expect.stringMatching(/^if command -v cloud-init .* && exec python3 -c '[^']*'$/s) as string,
  "mail-secrets": "/usr/local/sbin/mailstack secrets",
  ...Object.fromEntries(services.map((name) => [`mail-${name}`, `/usr/local/sbin/mailstack apply ${name}`])),
  "mail-restore-state-confirmed": "/usr/local/sbin/mailstack restore host state",
  "mail-restore-mail-confirmed": "/usr/local/sbin/mailstack restore host mail",
  "mail-ufw-confirmed": "/usr/local/sbin/mailstack firewall confirm",
  "mail-health":
    "/usr/local/sbin/mailstack status --without published --without backup --without 'restore test' --without alerts --without relay >&2",
  "mail-dkim": "/usr/local/sbin/mailstack dkim switch --wait 60",
  "mail-published": "/usr/local/sbin/mailstack apply published",
  "mail-outgoing": "/usr/local/sbin/mailstack outgoing",
};
const names = Object.keys(commands);

test("the host is reached by these commands and no others", () => {
  expect(Object.fromEntries(server.commands.map((each) => [each.name, each.inputs.create]))).toEqual(commands);
});

describe.each(names)("%s", (name) => {
  let made: Registration;
  beforeAll(() => {
    made = server.custom(name);
  });

  test("connects in secret, to a host whose key it knows", () => {
    expect(isSecret(made.inputs.connection)).toBe(true);
    expect(open(made.inputs.connection)).toEqual({
      host: ipv4,
      port: 22,
      user: "root",
      privateKey: expect.stringMatching(/^-----BEGIN OPENSSH PRIVATE KEY-----\n/) as string,
      hostKey: expect.stringMatching(/^ssh-ed25519 [A-Za-z0-9+/]{68}$/) as string,
      // A host that boots gets minutes; one that is up and does not answer is an error soon.
      dialErrorLimit: name === "mail-host-bootstrap" ? 60 : 10,
      perDialTimeout: 15,
    });
  });

  test("is made again with a new instance or a new secret, and only then; goes with it without a word to the host", () => {
    // A keyed digest of each secret that the bundle names, so that a new value reaches the service.
    const digest = expect.stringMatching(/^[0-9a-f]{32}$/) as string;
    const named = isSecret(made.inputs.stdin) ? [] : String(made.inputs.stdin).match(/@@secret:[^@]+@@/g);
    expect(made.inputs.triggers).toEqual([instanceId, ...[...new Set(named)].map(() => digest)]);
    expect(made.deletedWith).toBe(server.custom("mail").urn);
    expect(made.inputs).not.toHaveProperty("delete");
    expect(made.inputs).not.toHaveProperty("update");
    expect(made.ignoreChanges).toEqual([]);
  });

  test("logs nothing, sends no environment", () => {
    expect(made.inputs).toMatchObject({ logging: "none", addPreviousOutputInEnv: false });
    expect(made.inputs).not.toHaveProperty("environment");
  });

  test("shows in a preview all that is not secret", () => {
    const secret = Object.entries(made.inputs).filter(([, value]) => isSecret(value));
    expect(secret.map(([key]) => key).sort()).toEqual(
      name === "mail-secrets" ? ["connection", "stdin"] : ["connection"],
    );
  });
});

test.each(["mail-rspamd", "mail-roundcube"])("%s names a secret", (name) => {
  expect(server.custom(name).inputs.triggers).toHaveLength(2);
});

test("the values of secrets travel on standard input", () => {
  const backup = ["repository", "identity", "password", "begins", "access-key", "secret-key"];
  expect(JSON.parse(String(open(server.custom("mail-secrets").inputs.stdin)))).toEqual({
    ...Object.fromEntries(backup.map((name) => [`backup-${name}`, expect.any(String) as string])),
    "roundcube-des-key": expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    "rspamd-controller": expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  });
});

test.each(names.filter((name) => String(commands[name]).includes(" apply ")))(
  "%s brings the bundle of that service, one line for each line of a reviewer's diff",
  (name) => {
    const stdin = String(server.custom(name).inputs.stdin);
    const bundle = JSON.parse(stdin) as { service: string };
    expect(`/usr/local/sbin/mailstack apply ${bundle.service}`).toBe(commands[name]);
    expect(stdin).toBe(`${JSON.stringify(bundle, undefined, 1)}\n`);
  },
);

test("a host that boots has 15 minutes", () => {
  expect(server.custom("mail-host-bootstrap").createTimeout).toBe("15m");
});

test("a connection is secret by itself, whatever its parts are and whoever uses it", async () => {
  const parts = { address: ipv4, privateKey: "a key", hostKey: "ssh-ed25519 AAAA" };
  expect(await pulumi.isSecret(pulumi.output(connection(parts, 10)))).toBe(true);
});

test("the accounts are production's users and aliases, and the administrator's names", () => {
  const { accounts } = JSON.parse(String(server.custom("mail-accounts").inputs.stdin)) as { accounts: object };
  const at = (name: string) => `${name}@ementech.co.ke`;
  const user = (name: string) => ({ address: at(name), quotaMb: 2048, passwordVersion: 1 });
  const alias = (source: string, destination: string) => ({ source: at(source), destinations: [at(destination)] });
  expect(accounts).toEqual({
    database: "/var/lib/mailserver/mail.db",
    domains: ["ementech.co.ke"],
    users: ["admin", "ceo", "info", "support", "tech"].map(user),
    aliases: [
      ...["abuse", "dmarc", "hostmaster", "postmaster", "root"].map((name) => alias(name, "admin")),
      alias("sales", "info"),
      alias("tls-rpt", "admin"),
    ],
  });
});

import { deriveSshKey } from "../../components/deployment/ssh-key";
import { randomBytes } from "./support/fake-cloud";
import { recordMailServer, type RecordedServer } from "./support/mail-server";
import { isSecret, valueOf } from "./support/recorded-program";
import * as pulumi from "@pulumi/pulumi";

let server: RecordedServer;
beforeAll(async () => {
  server = await recordMailServer();
});

const seedOf = (name: string) => randomBytes(name).toString("hex");
/** A private key, as it is and as part of JSON or of base64 text, whatever line it may start at. */
const keyLines = (name: string) => deriveSshKey(seedOf(name)).privateKey.split("\n").slice(2, 5);

/** What nobody may read in the state, in a preview or in a log. */
const secrets: Record<string, string[]> = {
  "the seed of the host's key": [seedOf("mail-host-key")],
  "the seed of the deployer's key": [seedOf("mail-deploy-key")],
  "the host's private key": keyLines("mail-host-key"),
  "the deployer's private key": keyLines("mail-deploy-key"),
  "the key of the webmail's sessions": [randomBytes("mail-roundcube-secret").toString("hex")],
  "the key of the secrets' digests": [seedOf("mail-digest-key")],
  "the seed of the key for backups": [seedOf("mail-backup-key")],
  "the password of Rspamd's controller": [randomBytes("mail-rspamd-controller").toString("hex")],
};

/** All that goes to the engine in clear: inputs of resources and outputs of components. */
function inClear(): string {
  const open = server.registrations.map(({ name, inputs }) => ({
    name,
    inputs: Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isSecret(value))),
  }));
  const outputs = [...server.program.outputs.values()];
  const text = JSON.stringify([open, outputs], (_key, value: unknown) => (isSecret(value) ? "[secret]" : value));
  // User data are base64: what is in them counts as read.
  const decoded = [...text.matchAll(/[A-Za-z0-9+/=]{200,}/g)].map(([word]) => Buffer.from(word, "base64").toString());
  return [text, ...decoded].join("\n");
}

test.each(Object.keys(secrets))("%s goes to the engine only as a secret", (what) => {
  const whole = JSON.stringify(server.registrations.map((each) => each.inputs));
  const clear = inClear();
  expect(clear).toContain("mailstack apply postfix");
  for (const text of secrets[what]!) expect(clear).not.toContain(text);
  // What is used at all is there; a seed is only ever used through its key.
  if (!what.startsWith("the seed") && !what.startsWith("the key") && what !== "the host's private key")
    for (const text of secrets[what]!) expect(whole).toContain(text);
});

test("the host's private key is in the secret user data", () => {
  const { metadatas } = server.custom("mail").inputs;
  const [{ userData }] = pulumi.runtime.unwrapRpcSecret(metadatas) as [{ userData: string }];
  for (const line of secrets["the host's private key"]!)
    expect(Buffer.from(userData, "base64").toString()).toContain(line);
});

test("secrets come from generators that keep them out of the id", () => {
  expect(server.registrations.filter((each) => each.type.startsWith("random:")).map((each) => each.type)).toEqual([
    "random:index/randomPassword:RandomPassword",
    "random:index/randomPassword:RandomPassword",
    "random:index/randomPassword:RandomPassword",
    "random:index/randomPassword:RandomPassword",
    "random:index/randomPassword:RandomPassword",
    "random:index/randomPassword:RandomPassword",
    "random:index/randomPassword:RandomPassword",
    "random:index/randomPassword:RandomPassword",
  ]);
});

test("tokens are secret inputs of their providers, and of nothing else", async () => {
  const providers = server.registrations.filter((each) => each.type.startsWith("pulumi:providers:"));
  expect(providers).toHaveLength(2);
  expect(JSON.stringify(server.registrations.filter((each) => !providers.includes(each)))).not.toContain(
    "-token-for-tests",
  );
});

test("what the component tells is not secret: users need it", async () => {
  const { hostKey, ipv4, dkim } = server.program.result;
  expect(await pulumi.isSecret(pulumi.all([hostKey, ipv4, dkim]))).toBe(false);
  expect(await valueOf(hostKey)).toBe(deriveSshKey(seedOf("mail-host-key")).publicKey);
});

test("the administrator's SSH key is secret, and the one that the host lets in", async () => {
  const { deployKey } = server.program.result;
  expect(await pulumi.isSecret(deployKey)).toBe(true);
  expect(await valueOf(deployKey)).toBe(deriveSshKey(seedOf("mail-deploy-key")).privateKey);
});

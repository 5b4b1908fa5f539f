/** The component package by the real engine: its schema, and a program that knows nothing but the schema. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { stringify } from "yaml";
import { EngineStack, summary } from "./engine/stack";

const root = join(__dirname, "../..");
const settings = {
  domain: "example.org",
  administrator: "admin@example.org",
  users: [{ address: "admin@example.org", quotaMb: 500 }],
  // No zone has to be asked for at a provider.
  dnsProvider: "none",
};

describe("the component package", { concurrency: false }, () => {
  let stack: EngineStack;
  before(async () => {
    stack = await EngineStack.start("package-program");
    const plugins = { providers: [{ name: "mailstack", path: root }] };
    writeFileSync(join(stack.program, "Pulumi.yaml"), stringify({ name: "package", runtime: "nodejs", plugins }));
  });
  after(() => stack?.close());

  function configure(args: object, others: Record<string, string> = { token: "token-in-clear" }): void {
    const values = { arguments: JSON.stringify(args), ...others };
    const config = Object.fromEntries(Object.entries(values).map(([key, value]) => [`package:${key}`, value]));
    writeFileSync(join(stack.program, "Pulumi.test.yaml"), stringify({ config }));
  }

  it("the CLI takes the schema of the repository and prints what is committed", async () => {
    const printed = await stack.outside("package", "get-schema", root);
    assert.equal(printed, readFileSync(join(root, "sdk/schema.json"), "utf8"));
  });

  it("a program with flat arguments is the whole mail server, below no other component", async () => {
    configure(settings);
    const text = await stack.succeed("preview", "--diff", "--show-full-output");
    assert.match(
      text,
      /\+ mailstack:index:MailServer: \(create\)\n\s+\[urn=urn:pulumi:test::package::mailstack:index:MailServer::mail\]/,
    );
    assert.match(text, /MailServer\$mailstack:mail:Dovecot\$command:remote:Command::mail-dovecot\]/);
    assert.match(text, /hostname\s*: "mail\.example\.org"/);
    assert.ok((summary(text).create ?? 0) > 70, text.slice(-500));
  });

  it("a token is secret, also of a program that did not mark it", async () => {
    configure(settings);
    const text = await stack.succeed("preview", "--diff");
    assert.match(text, /mail-linode\]\n(?:\s+.*\n)*?\s+token\s*: \[secret\]/, text.slice(0, 3000));
    assert.ok(!text.includes("token-in-clear"));
  });

  it("every wrong argument is named before anything is made", async () => {
    configure({ ...settings, administrator: "boss@example.org", dmarcPolicy: "perhaps", colour: "blue" });
    const { code, text } = await stack.pulumi("preview");
    assert.notEqual(code, 0);
    assert.match(text, /dmarcPolicy.*"perhaps" is unknown; use one of none, quarantine, reject/);
    assert.match(text, /colour.*is not a known key/);
    assert.doesNotMatch(text, /linode:index/);
  });

  it("a token that is missing, and a setting that is not known in time, are named", async () => {
    configure(settings, {});
    assert.match((await stack.pulumi("preview")).text, /linodeToken.*is missing/);
    configure(settings, { token: "t", late: "true" });
    assert.match((await stack.pulumi("preview")).text, /domain.*must be a plain value/);
  });
});

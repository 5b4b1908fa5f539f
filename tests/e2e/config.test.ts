import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Document } from "yaml";
import { prepareStack } from "../../local-cloud/cli/bring-up";
import type { Stack } from "../../local-cloud/cli/stack";
import { trustFile } from "../../local-cloud/cloud/lifecycle";
import { linode } from "./support/linode";
import { inTestCloud, oneSystem, testCloud } from "./support/servers";

const set = (key: string, value: unknown) => (config: Document) => config.setIn(["config", `mailstack:${key}`], value);

/** A wrong configuration, and the whole line that an administrator gets. The rest of them are in tests/unit. */
const wrong: [what: string, change: (config: Document) => void, line: RegExp][] = [
  ["a bad domain", set("domain", "Ementech"), /^mailstack:domain: "Ementech" is not a domain name in lower case.*$/m],
  [
    "a user outside the domains",
    (config) => config.addIn(["config", "mailstack:users"], { address: "ceo@else.example" }),
    /^mailstack:users\[5\]\.address: "ceo@else\.example" is outside the hosted domains \(ementech\.co\.ke\); add.*$/m,
  ],
  [
    "an alias that leads to itself",
    set("aliases", [{ address: "a@ementech.co.ke", destinations: ["a@ementech.co.ke"] }]),
    /^mailstack:aliases\[0\]: is a loop: a@ementech\.co\.ke -> a@ementech\.co\.ke; end it at a mailbox$/m,
  ],
  [
    "an unknown key",
    set("domian", "ementech.co.ke"),
    /^mailstack:domian: is not a known key; the keys are domain, .*$/m,
  ],
  ["an unknown region", set("region", "moon-1"), /^mailstack:region: "moon-1" is unknown; use one of .*$/m],
  [
    "no token",
    (config) => config.deleteIn(["config", "mailstack:cloudflareApiToken"]),
    /^mailstack:cloudflareApiToken: is missing; set it with: pulumi config set --secret mailstack:cloudflareApiToken$/m,
  ],
];

const [os] = oneSystem("the configuration is refused before there is a host");

describe("wrong configuration", () => {
  let stack: Stack;

  const open = async () => {
    const options = { cloud: testCloud, stack: "config", os, progress: () => undefined };
    ({ stack } = await prepareStack(options));
  };
  before(open);

  for (const [what, change, line] of wrong)
    test(`${what}: up tells one line with the key and what would be right, and makes nothing`, async () => {
      // Also brings back what an earlier case took away.
      await open();
      stack.configure(change);
      const up = await stack.pulumi(["up", "--yes", "--skip-preview", "--color=never"], { reject: false });
      const said = up.stdout + up.stderr;
      assert.notEqual(up.exitCode, 0, said);
      const lines = said.split("\n").map((one) => one.trim());
      const told = new Set(lines.filter((one) => one.startsWith("mailstack:")));
      assert.equal(told.size, 1, said);
      assert.match([...told].join("\n"), line);
      assert.doesNotMatch(said, /^\s+at /m, "no stack trace");
      const { stdout } = await stack.pulumi(["stack", "export"]);
      const { deployment } = JSON.parse(stdout) as { deployment: { resources?: { type: string }[] } };
      const made = (deployment.resources ?? []).map((one) => one.type).filter((type) => type !== "pulumi:pulumi:Stack");
      assert.deepEqual(made, []);
    });
});

describe("an account whose new Linodes have interfaces of their own", () => {
  let stack: Stack;
  const account = (kind: string) =>
    linode(
      { inCloud: inTestCloud, trustFile: trustFile(testCloud) },
      "PUT",
      "account/settings",
      JSON.stringify({ interfaces_for_new_linodes: kind }),
    );

  before(async () => {
    const options = { cloud: testCloud, stack: "account", os, progress: () => undefined };
    ({ stack } = await prepareStack(options));
  });
  after(() => account("legacy_config_only"));

  for (const kind of ["linode_only", "linode_default_but_legacy_config_allowed"])
    test(`${kind}: preview and up tell what to set, in one line, and make nothing`, async () => {
      await account(kind);
      for (const command of [["preview"], ["up", "--yes", "--skip-preview"]]) {
        const ran = await stack.pulumi([...command, "--color=never"], { reject: false });
        const said = ran.stdout + ran.stderr;
        assert.notEqual(ran.exitCode, 0, said);
        assert.match(said, new RegExp(`^ *linode: the account .*${kind}.*; set "Interfaces for new Linodes" .*$`, "m"));
        assert.doesNotMatch(said, /^\s+at /m, "no stack trace");
      }
      const { stdout } = await stack.pulumi(["stack", "export"]);
      const { deployment } = JSON.parse(stdout) as { deployment: { resources?: { type: string }[] } };
      const made = (deployment.resources ?? []).filter(({ type }) => !type.startsWith("pulumi:"));
      assert.deepEqual(made, []);
    });
});

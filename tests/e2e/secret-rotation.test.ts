import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { oneSystem, serverFor, type Server } from "./support/servers";

/** Secrets that the stack draws, and the file in which the daemon that uses each reads it. */
const drawn = [
  { resource: "mail-roundcube-secret", secret: "roundcube-des-key", file: "/etc/roundcube/config.inc.php" },
  {
    resource: "mail-rspamd-controller",
    secret: "rspamd-controller",
    file: "/etc/rspamd/override.d/controller-password.inc",
  },
];

for (const os of oneSystem(
  "who gets which secret is decided by the program; rspamd.test.ts sees a changed password on each system",
)) {
  describe(`rotated secrets on ${os}`, () => {
    let server: Server;
    const read = (path: string) => server.system.must(["cat", path]);
    before(async () => {
      server = await serverFor(os);
    });

    test("a secret that is drawn anew is in the configuration of its daemon after one up; the next changes nothing", async () => {
      const state = JSON.parse((await server.stack.pulumi(["stack", "export"])).stdout) as {
        deployment: { resources: { urn: string }[] };
      };
      const replace = drawn.flatMap(({ resource }) => {
        const found = state.deployment.resources.find(({ urn }) => urn.endsWith(`:RandomPassword::${resource}`));
        assert.ok(found, `the state has no ${resource}`);
        return ["--replace", found.urn];
      });
      const old = new Map<string, string>();
      for (const { secret } of drawn) old.set(secret, (await read(`/etc/mailstack/secrets/${secret}`)).trim());
      await server.up(replace);
      for (const { secret, file } of drawn) {
        const value = (await read(`/etc/mailstack/secrets/${secret}`)).trim();
        assert.notEqual(value, old.get(secret), secret);
        const text = await read(file);
        assert.ok(text.includes(value), `${file} does not hold the new ${secret}`);
        assert.ok(!text.includes(old.get(secret)!), `${file} still holds the old ${secret}`);
      }
      assert.deepEqual(Object.keys((await server.up()).summary), ["same"]);
    });
  });
}

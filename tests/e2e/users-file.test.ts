import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { logInEverywhere, allIn } from "./support/password-client";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

/** Too many for the stack's configuration. */
const count = 2000;
/** Legal in another domain (RFC 5322, dot-atom), whatever its server does with it; the peer takes what begins with friend+. */
const odd = "Friend+Work.O'Brien!#$%&*/=?^_`{|}~-x";

for (const os of oneSystem(
  "the file is read by the program, and the accounts are put into the database by the program mailstack",
)) {
  describe(`users in a file on ${os}`, () => {
    let server: Server;
    let file: string;
    const names = Array.from({ length: count }, (_, index) => `many${index}`);
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const lists = () => ({
      users: names.map((name) => ({ address: server.address(name) })),
      aliases: names.map((name, index) => ({
        address: server.address(`alias-of-${name}`),
        destinations: index === 0 ? [`${odd}@Peer.example`] : [server.address(name)],
      })),
    });

    before(async () => {
      server = await serverFor(os);
      file = join(server.stack.folder, "users.yaml");
      // YAML 1.2 reads JSON.
      writeFileSync(file, JSON.stringify(lists(), undefined, 1));
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
      rmSync(file);
      // Accounts that are declared no more stay on the host; other tests look at each of them.
      await shell(`sqlite3 /var/lib/mailserver/mail.db "DELETE FROM users WHERE email LIKE 'many%'"
        cd /etc/mailstack/initial-passwords; find . -name 'many*' -delete; rm -rf /var/vmail/${server.domain}/many*`);
    });

    test("as part of the configuration they are refused with the limit and the way out", async () => {
      server.stack.configure((config) => {
        for (const [name, entries] of Object.entries(lists()))
          for (const entry of entries) config.addIn(["config", `mailstack:${name}`], entry);
      });
      const result = await server.stack.pulumi(["preview"], { reject: false });
      assert.notEqual(result.exitCode, 0);
      assert.match(result.stdout + result.stderr, /Linux allows 131072; move users and aliases into a file/);
      server.restoreConfig();
    });

    test(`${count} users and ${count} aliases come by one up, the host is well, and the next up changes nothing`, async () => {
      server.stack.configure((config) => config.setIn(["config", "mailstack:usersFile"], file));
      await server.up();
      assert.deepEqual(await logInEverywhere(server, await server.login(`many${count - 1}`)), allIn);
      let said = "";
      // Each check has a few seconds, which a busy machine may not give it at once.
      const isWell = async () => {
        const { stdout, exitCode } = await server.system.exec(["mailstack", "status"]);
        said = stdout;
        return exitCode === 0;
      };
      await until("the host is well", isWell, 180);
      assert.match(said, /ok {3}mailboxes +(the first )?\d+ mailboxes, fullest/);
      assert.deepEqual(Object.keys((await server.up()).summary), ["same"]);
    });

    test("an alias reaches an address of another domain with its local part as it is written", async () => {
      const subject = server.unique("outside");
      const { id } = await server.peer.sendThroughExim({
        from: "friend@peer.example",
        to: server.address("alias-of-many0"),
        subject,
      });
      await server.peer.delivered(id);
      const { headers } = await server.peer.received({ subject });
      assert.deepEqual(headers["envelope-to"], [`${odd}@peer.example`]);
    });
  });
}

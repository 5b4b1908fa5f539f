import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { localDomain } from "../../local-cloud/cli/bring-up";
import { commandsOf, wordsOf } from "../support/documents";
import { knock } from "./support/guesser";
import { untilWell } from "./support/linode";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const page = "docs/admin/emergencies.md";
const lines = commandsOf(page);
const friend = "friend@peer.example";

for (const os of oneSystem("Postfix's own programs do the work, with the options that both versions have")) {
  describe(`${page} on ${os}`, () => {
    let server: Server;
    const ran = new Set<string>();
    const shell = (script: string, input = "") => server.system.must(["sh", "-ec", script], { input });
    const bob = () => server.address("bob");
    /** The command of the page that begins so, as it stands there. */
    async function run(start: string, exitCode = 0, input = ""): Promise<string> {
      const line = lines.find((one) => one.startsWith(start));
      assert.ok(line, start);
      ran.add(line);
      const here = line.replaceAll(localDomain, server.domain);
      const result = await server.system.exec(["sh", "-ec", here], { timeout: 180_000, input });
      assert.equal(result.exitCode, exitCode, `${here}\n${result.stdout}${result.stderr}`);
      return result.stdout;
    }
    const login = async () => ({ user: bob(), password: (await server.login("bob")).password });
    const submit = async (to: string, subject: string) =>
      server.peer.send({
        ...{ from: bob(), to, subject, body: "hello\n", server: server.hostname, port: 465, tls: "wrapped" },
        ...(await login()),
      });

    before(async () => {
      server = await serverFor(os);
      await server.system.exec(["mailstack", "user", "purge", bob(), "--yes"]);
      server.stack.configure((config) => config.addIn(["config", "mailstack:users"], { address: bob() }));
      await server.up();
    });
    after(async () => {
      await server.system.exec(["mailstack", "emergency", "open-25"]);
      server.restoreConfig();
      await server.up();
      await server.system.exec(["mailstack", "user", "purge", bob(), "--yes"]);
    });

    test("with port 25 closed other servers keep their mail, users send, and status says why", async () => {
      await run("mailstack emergency close-25");
      await until("port 25 is closed", async () => (await knock(server, 25)) !== "open");
      assert.match(await run("mailstack status", 1), /^BAD +smtp 25 +closed by hand; `mailstack emergency open-25`/m);
      assert.match(await run("mailstack verify", 3), /main\.cf content was changed/);
      const subject = server.unique("meanwhile");
      await server.peer.sendThroughExim({ from: friend, to: server.address("info"), subject, body: "hello\n" });
      const out = server.unique("out");
      assert.equal((await submit(friend, out)).code, 250);
      await server.peer.received({ to: friend, subject: out });
      await run("mailstack emergency open-25");
      await until("port 25 is open", async () => (await knock(server, 25)) === "open");
      await server.peer.flush();
      await server.imapFind("info", subject);
      await untilWell(server);
      assert.equal(await run("mailstack verify"), "");
    });

    test("an account is stopped with what it has in the queue, nobody else's; it goes on, or is deleted", async () => {
      // A host that is not there: mail for it waits.
      const nowhere = "somebody@[203.0.113.254]";
      for (const subject of ["one", "two"]) assert.equal((await submit(nowhere, subject)).code, 250);
      await shell(`printf 'Subject: other\n\nhello\n' | sendmail -f ${bob()} '${nowhere}'`);
      const queue = async () =>
        (await shell("postqueue -j"))
          .trim()
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line) as { queue_name: string; queue_id: string; sender: string });
      const held = async () => (await queue()).filter(({ queue_name: name }) => name === "hold");
      await until("all three wait", async () => (await queue()).filter(({ sender }) => sender === bob()).length === 3);

      const ids = (await run("mailstack emergency hold")).trim().split("\n");
      assert.equal(ids.length, 2);
      assert.deepEqual((await held()).map(({ queue_id: id }) => id).sort(), ids.sort());
      assert.notEqual((await submit(friend, "no more")).code, 250);
      const counted = await run("mailstack emergency queue");
      assert.match(counted, new RegExp(`^ +3 {2}sender +${bob().replaceAll(".", "\\.")}$`, "m"));

      await run("mailstack emergency release");
      await until("nothing is held", async () => (await held()).length === 0);
      await run("mailstack emergency hold");
      await shell(`mailstack emergency hold ${bob()} | postsuper -d -`);
      const left = (await queue()).filter(({ sender }) => sender === bob());
      assert.equal(left.length, 1, "the one that was sent without a login");
      await shell(`postsuper -d ${left[0]!.queue_id}`);
      await run("mailstack user set-password", 0, "correct horse battery staple 9\n");
      await run("mailstack user unlock");
    });

    test("what fills the disk is shown, and what is freed is no mail", async () => {
      const mail = () => shell("cd /var/vmail && find . -type f -path '*/cur/*' -o -type f -path '*/new/*' | wc -l");
      const had = await mail();
      assert.match(await run("mailstack emergency disk"), new RegExp(` MB {2}\\S+@${server.domain}$`, "m"));
      assert.match(await run("mailstack emergency disk --free"), /^ +\d+\.\d MB {2}freed$/m);
      assert.equal(await mail(), had);
      await untilWell(server);
    });

    test("every command of the page was run", () => {
      const left = lines.filter((line) => !ran.has(line) && wordsOf(line).length > 0);
      assert.deepEqual(left, []);
    });
  });
}

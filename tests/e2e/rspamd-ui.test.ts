import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { findServer } from "../../local-cloud/cli/bring-up";
import { openPage } from "../../local-cloud/cli/open";
import { knock } from "./support/guesser";
import { everySystem, serverFor, testCloud, type Server } from "./support/servers";

for (const os of everySystem) {
  describe(`Rspamd's web interface on ${os}`, () => {
    let server: Server;
    let address: string;
    before(async () => {
      server = await serverFor(os);
      address = await openPage(testCloud, await findServer(testCloud, server.stack), "rspamd");
    });

    const ask = async (path: string, headers: Record<string, string> = {}) => {
      const answer = await fetch(new URL(path, address), { headers });
      return { status: answer.status, text: await answer.text() };
    };

    test("its page comes at an address of this machine, with what it is made of", async () => {
      assert.match(address, /^http:\/\/localhost:\d+\/$/);
      const page = await ask("");
      assert.match(page.text, /<title>Rspamd Web Interface<\/title>/);
      const parts = [...page.text.matchAll(/(?:src|href|data-main)="\.\/([^"]+\.(?:js|css))"/g)].map(
        ([, path]) => path!,
      );
      assert.ok(parts.length > 3, page.text);
      for (const part of parts) assert.equal((await ask(part)).status, 200, part);
    });

    test("it lets in who has the generated password, and nobody else", async () => {
      const password = (await server.system.must(["cat", "/etc/mailstack/secrets/rspamd-controller"])).trim();
      assert.ok(password.length >= 24, "a generated password is long");
      const entered = await ask("auth", { Password: password });
      assert.equal(entered.status, 200, entered.text);
      assert.equal((JSON.parse(entered.text) as { auth: string }).auth, "ok");
      const stat = await ask("stat", { Password: password });
      assert.equal(typeof (JSON.parse(stat.text) as { scanned: number }).scanned, "number", stat.text);
      for (const headers of [{}, { Password: "wrong" }] as Record<string, string>[])
        for (const path of ["auth", "stat"]) assert.match(String((await ask(path, headers)).status), /^40[13]$/);
      const mode = await server.system.must(["stat", "-c", "%U %a", "/etc/mailstack/secrets/rspamd-controller"]);
      assert.equal(mode, "root 600\n");
    });

    test("from outside nobody reaches it, even with every firewall open", async () => {
      const listeners = await server.system.must(["ss", "-Hltn", "sport = :11334"]);
      assert.match(listeners, /^LISTEN +\d+ +\d+ +127\.0\.0\.1:11334 /);
      assert.equal(listeners.trim().split("\n").length, 1, listeners);
      for (const host of [server.ipv4, await server.ipv6()]) assert.notEqual(await knock(server, 11334, host), "open");
      assert.equal(await knock(server, 25), "open");
    });
  });
}

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { friendOnIpv6, sentByCeo } from "./support/over-ipv6";
import { readScan, scanCommand } from "./support/port-scan";
import { oneSystem, serverFor, type Server } from "./support/servers";

const friend = "friend@peer.example";
const ports = [443, 25, 465, 587, 993, 995];

// tests/behaviour reads, for each system, that no daemon listens on IPv6 then.
for (const os of oneSystem("records, firewalls and the lines of the daemons come from the program")) {
  describe(`without IPv6 on ${os}`, () => {
    let server: Server;
    let address: string;
    const ask = async (...question: string[]) => (await server.inCloud(["dig", "+short", ...question])).stdout;
    const scan = async () => readScan(await server.peer.system.must(scanCommand(address)));

    before(async () => {
      server = await serverFor(os);
      address = await server.ipv6();
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
    });

    test("with mailstack:ipv6 false nothing of it is left, and mail flows over IPv4", async () => {
      server.stack.configure((config) => config.setIn(["config", "mailstack:ipv6"], false));
      const { summary } = await server.up();
      assert.equal(summary.delete, 4, JSON.stringify(summary));
      assert.equal(await ask(server.hostname, "AAAA"), "");
      assert.equal(await ask("-x", address), "");
      const listening = await server.system.must(["ss", "-6", "-H", "-ltn"]);
      for (const port of ports) assert.doesNotMatch(listening, new RegExp(`:${port}\\s`), listening);
      assert.deepEqual([...(await scan())], []);
      assert.match((await server.system.exec(["mailstack", "status"])).stdout, /^ok {3}smtp IPv6 +off$/m);

      const message = await sentByCeo(server, friend, server.unique("outbound over IPv4"));
      assert.equal(message.session["client"], server.ipv4);
      const subject = server.unique("inbound over IPv4");
      const { id } = await server.peer.sendThroughExim({ from: friend, to: server.address("ceo"), subject });
      const attempts = (await server.peer.delivered(id)).attempts;
      assert.equal(attempts.at(-1)?.host, `${server.hostname} [${server.ipv4}]`);
    });

    test("and comes back with it", async () => {
      server.restoreConfig();
      await server.up();
      assert.equal(await ask(server.hostname, "AAAA"), address);
      const answers = await scan();
      for (const port of [22, 80, ...ports]) assert.equal(answers.get(port), "open", String(port));
      const message = await sentByCeo(server, friendOnIpv6, server.unique("outbound over IPv6 again"));
      assert.equal(message.session["client"], address);
    });
  });
}

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { redisSocket } from "../../components/services/redis";
import { untilWell } from "./support/linode";
import { everySystem, serverFor, type Server } from "./support/servers";

for (const os of everySystem) {
  describe(`the limit of recipients on ${os}`, () => {
    let server: Server;
    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      await server.system.must(["systemctl", "restart", "redis-server.service"]);
      await untilWell(server);
    });

    const write = async () =>
      server.peer.send({
        from: server.address("info"),
        to: "friend@peer.example",
        subject: server.unique("counted"),
        server: server.hostname,
        port: 587,
        tls: "required",
        ...(await server.login("info")),
      });
    const assertPutOff = async (why: string) => {
      const { code, reply, transcript } = await write();
      assert.equal(code, 451, `${why}: ${transcript}`);
      assert.match(reply, /4\.7\.1 Recipients cannot be counted now/, why);
    };
    const assertSent = async () => {
      const { code, transcript } = await write();
      assert.equal(code, 250, transcript);
    };

    test("while Redis is down, users' mail is put off: a stolen password sends nothing uncounted", async () => {
      await assertSent();
      await server.system.must(["systemctl", "stop", "redis-server.service"]);
      await assertPutOff("stopped");
      await server.system.must(["systemctl", "start", "redis-server.service"]);
      await untilWell(server);
      await assertSent();
    });

    test("and while it answers but takes nothing new", async () => {
      const set = ["redis-cli", "-s", redisSocket, "config", "set"];
      await server.system.must([...set, "maxmemory-policy", "noeviction"]);
      await server.system.must([...set, "maxmemory", "1"]);
      await assertPutOff("full");
      await server.system.must(["systemctl", "restart", "redis-server.service"]);
      await untilWell(server);
      await assertSent();
    });
  });
}

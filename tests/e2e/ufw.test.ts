import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CloudFirewall } from "./support/cloud-firewall";
import { readScan, scanCommand } from "./support/port-scan";
import { everySystem, serverFor, type Server } from "./support/servers";

/** The ports of the specification. */
const allowed = [22, 25, 80, 443, 465, 587, 993, 995];
/** A service that somebody else put on the host. */
const strange = 3306;

for (const os of everySystem) {
  describe(`ufw on ${os}`, () => {
    let server: Server;
    let cloudFirewall: CloudFirewall;

    before(async () => {
      server = await serverFor(os);
      cloudFirewall = await CloudFirewall.of(server);
      await cloudFirewall.open();
      const listen = `import socket, time
one = socket.create_server(("::", ${strange}), family=socket.AF_INET6, dualstack_ipv6=True)
while True: one.accept()[0].close()`;
      const unit = ["systemd-run", "--quiet", "--collect", "--unit=stranger"];
      await server.system.must([...unit, "python3", "-c", listen]);
    });
    after(async () => {
      await server.system.exec(["systemctl", "stop", "stranger.service"]);
      await cloudFirewall.close();
    });

    const scanFromPeer = async () => readScan(await server.peer.system.must(scanCommand(server.ipv4)));

    test("of all 65535 TCP ports the peer gets an answer from exactly the specification's", async () => {
      const answers = await scanFromPeer();
      assert.deepEqual(
        [...answers.keys()].sort((a, b) => a - b),
        allowed,
      );
      for (const port of [22, 25, 465, 587, 993, 995]) assert.equal(answers.get(port), "open", String(port));
    });

    test("the same over IPv6", async () => {
      const answers = readScan(await server.peer.system.must(scanCommand(await server.ipv6())));
      assert.deepEqual(
        [...answers.keys()].sort((a, b) => a - b),
        allowed,
      );
      for (const port of [22, 25, 465, 587, 993, 995]) assert.equal(answers.get(port), "open", String(port));
    });

    test("it is ufw that shuts: without it the scan finds the stranger", async () => {
      await server.system.must(["/lib/ufw/ufw-init", "force-stop"]);
      try {
        assert.match((await server.system.exec(["mailstack", "status"])).stdout, /BAD {2}firewall /);
        assert.equal((await scanFromPeer()).get(strange), "open");
      } finally {
        await server.system.must(["/lib/ufw/ufw-init", "start"]);
      }
      assert.match(
        await server.system.must(["mailstack", "status"]),
        /ok {3}firewall +\d+ ports open, all else refused/,
      );
    });
  });
}

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { addresses } from "../../local-cloud/contracts";
import { crowd } from "./support/idle";
import { everySystem, serverFor, type Server } from "./support/servers";

const ports = [25, 465, 587, 993, 995, 443, 80];

/** Opens so many connections to a port from one address, all at the same time; prints how many were greeted with 220. */
const greet = `
import socket, ssl, sys
host, port, count, source = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
anything = ssl._create_unverified_context()
open_ones, greeted = [], 0
for _ in range(count):
    one = socket.create_connection((host, port), 30, (source, 0))
    open_ones.append(anything.wrap_socket(one) if port == 465 else one)
for one in open_ones:
    greeted += one.recv(100).startswith(b"220")
print(greeted)`;

for (const os of everySystem) {
  describe(`connections on ${os}`, () => {
    let server: Server;
    before(async () => {
      server = await serverFor(os);
    });
    const greeted = async (port: number, count: number, source: string) => {
      const host = source.includes(":") ? await server.ipv6() : server.ipv4;
      const result = await server.inCloud(["python3", "-c", greet, host, String(port), String(count), source]);
      assert.equal(result.exitCode, 0, result.stderr);
      return Number(result.stdout);
    };

    const cases = [
      { who: "one address", networks: ["2001:db8:0:77"], addresses: 1 },
      { who: "100 addresses of one /64", networks: ["2001:db8:0:78"], addresses: 100 },
      {
        who: "50 networks of one /48",
        networks: Array.from({ length: 50 }, (_, number) => `2001:db8:79:${(number + 1).toString(16)}`),
        addresses: 100,
      },
    ];
    for (const { who, ...from } of cases)
      test(`500 silent connections to each port from ${who}: another client is served within seconds`, async () => {
        const { held, served } = await crowd(server, { ...from, count: 500, ports });
        for (const port of ports) {
          assert.ok(held[port]! > 0, `nobody was let in at ${port}`);
          const seconds = served[port]!;
          assert.ok(typeof seconds === "number" && seconds < 5, `port ${port}: ${seconds} ${JSON.stringify(held)}`);
        }
      });

    test("an office behind one address sends: 25 programs at the same time, and 75 within a minute", async () => {
      for (const port of [587, 465, 587]) assert.equal(await greeted(port, 25, addresses.gateway), 25, String(port));
    });

    test("three devices of one user behind one address: 15 IMAP connections", async () => {
      const { user, password } = await server.login("support");
      const program = `
import imaplib, ssl, sys
user, password = sys.stdin.read().split("\\n")[:2]
sessions = [imaplib.IMAP4_SSL(sys.argv[1], 993, ssl_context=ssl._create_unverified_context()) for _ in range(15)]
print(sum(one.login(user, password)[0] == "OK" and one.select()[0] == "OK" for one in sessions))`;
      const { stdout, stderr } = await server.inCloud(
        ["python3", "-c", program, server.ipv4],
        `${user}\n${password}\n`,
      );
      assert.equal(stdout.trim(), "15", stderr);
    });

    test("who is in mailstack:trustedCidrs has no limit", async () => {
      for (const port of [587, 25]) assert.equal(await greeted(port, 60, addresses.gateway6), 60, String(port));
    });

    test("status says that the limits are there, and that they are not", async () => {
      const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;
      assert.match(await status(), /^ok {3}connections +limited in 4 groups of ports$/m);
      await server.system.must(["nft", "delete", "table", "inet", "mailstack"]);
      try {
        assert.match(await status(), /^BAD {2}connections +one client may take every connection/m);
      } finally {
        await server.system.must(["systemctl", "restart", "mailstack-connections.service"]);
      }
      assert.match(await status(), /^ok {3}connections /m);
    });
  });
}

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { addresses } from "../../local-cloud/contracts";
import { alone, crowd } from "./support/idle";
import { everySystem, serverFor, type Server } from "./support/servers";

/** How many connections one client may have at each port, and a /48 of them. */
const limits: Record<number, { client: number; site: number }> = {
  25: { client: 20, site: 40 },
  465: { client: 30, site: 40 },
  587: { client: 30, site: 40 },
  993: { client: 200, site: 400 },
  995: { client: 200, site: 400 },
  443: { client: 100, site: 200 },
  80: { client: 100, site: 200 },
};
const ports = Object.keys(limits).map(Number);

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

/** Gives a wrong password in the webmail from so many addresses of each /64, one after the other; prints the answers. */
const logins = `
import json, socket, ssl, subprocess, sys
host, site, count, networks = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:]
IPV6_FREEBIND = 78
anything = ssl._create_unverified_context()
ask = b"POST /?_task=login HTTP/1.1\\r\\nHost: " + site.encode() + b"\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n"
codes = {network: [] for network in networks}
for network in networks:
    subprocess.run(["ip", "-6", "route", "replace", "local", network + "::/64", "dev", "lo"], check=True)
    for number in range(count):
        with socket.socket(socket.AF_INET6) as raw:
            raw.settimeout(60)
            raw.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
            raw.bind((f"{network}:{number + 1:x}::1", 0))
            raw.connect((host, 443))
            with anything.wrap_socket(raw, server_hostname=site) as link:
                link.sendall(ask)
                codes[network].append(int(link.recv(100).split()[1]))
print(json.dumps(codes))`;

for (const os of everySystem) {
  describe(`connections on ${os}`, () => {
    let server: Server;
    let quiet: Record<string, number>;
    before(async () => {
      server = await serverFor(os);
      quiet = await alone(server, ports);
    });
    const greeted = async (port: number, count: number, source: string) => {
      const host = source.includes(":") ? await server.ipv6() : server.ipv4;
      const result = await server.inCloud(["python3", "-c", greet, host, String(port), String(count), source]);
      assert.equal(result.exitCode, 0, result.stderr);
      return Number(result.stdout);
    };

    const cases = [
      { who: "one address", most: "client", networks: ["2001:db8:0:77"], addresses: 1 },
      { who: "100 addresses of one /64", most: "client", networks: ["2001:db8:0:78"], addresses: 100 },
      {
        who: "50 networks of one /48",
        most: "site",
        networks: Array.from({ length: 50 }, (_, number) => `2001:db8:79:${(number + 1).toString(16)}`),
        addresses: 100,
      },
    ] as const;
    for (const { who, most, ...from } of cases)
      test(`500 silent connections to each port from ${who}: another client is served within seconds`, async () => {
        const { held, served } = await crowd(server, { ...from, networks: [...from.networks], count: 500, ports });
        for (const port of ports) {
          assert.ok(held[port]! > 0, `nobody was let in at ${port}`);
          assert.ok(held[port]! <= limits[port]![most], `port ${port}: ${held[port]}`);
          const seconds = served[port]!;
          // Five seconds; on a busy machine as many times more as a client waits longer there that is alone.
          const patience = Math.max(5, 50 * quiet[port]!);
          const told = `port ${port}: ${seconds} of ${patience} ${JSON.stringify(held)}`;
          assert.ok(typeof seconds === "number" && seconds < patience, told);
        }
      });

    test("many addresses of one /64 have the webmail logins of one client; the next /64 has its own", async () => {
      const networks = ["2001:db8:0:7a", "2001:db8:0:7b"];
      const to = [await server.ipv6(), `webmail.${server.domain}`, "30", ...networks];
      const { stdout, stderr } = await server.inCloud(["python3", "-c", logins, ...to], undefined, 180_000);
      assert.notEqual(stdout, "", stderr);
      const codes = JSON.parse(stdout) as Record<string, number[]>;
      for (const network of networks) {
        assert.ok(
          codes[network]!.slice(0, 5).every((code) => code !== 429),
          JSON.stringify(codes),
        );
        assert.ok(codes[network]!.filter((code) => code === 429).length > 10, JSON.stringify(codes));
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

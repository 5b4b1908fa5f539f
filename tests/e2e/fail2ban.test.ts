import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { addresses } from "../../local-cloud/contracts";
import { doors, failFromDeployer, failFromPeer, knock } from "./support/guesser";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

/** The default of mailstack:banAfterFailures, the specification's number (2.4). */
const limit = 5;
/**
 * Doors of Postfix, of Dovecot and of nginx at which a connection has more than one failure: Dovecot makes that one wait.
 * The webmail's, because nginx lets one client have two logins at a time.
 */
const inOneConnection = [587, 993, 443];
const peer = { ipv4: addresses.peer, ipv6: addresses.peer6 };

for (const os of everySystem) {
  describe(`fail2ban on ${os}`, () => {
    let server: Server;
    const client = (...words: string[]) => server.system.must(["fail2ban-client", ...words]);
    const banned = async (jail: string) => (await client("get", jail, "banip")).split(/\s+/).filter(Boolean);
    const addressOf = async (family: keyof typeof peer) => (family === "ipv6" ? server.ipv6() : server.ipv4);
    const said = () => server.system.must(["cat", "/var/log/fail2ban.log"]);
    /** How many failures of one address a jail has seen, ever. */
    const counted = async (jail: string, address: string) => {
      const lines = (await said()).split("\n");
      return lines.filter((line) => line.includes(`[${jail}] Found ${address} `)).length;
    };

    /** Dovecot answers an address the more slowly the more often it failed; only a restart forgets that. */
    const forgiveInDovecot = () => server.system.must(["systemctl", "restart", "dovecot.service"]);
    let sentinels = 0;
    /** Waits until the jail has banned whoever has failed often enough so far: somebody who fails after them is. */
    const untilBanned = async (jail: string) => {
      // Each time another one: who is banned often is shut out of everything.
      const sentinel = `192.0.2.${(sentinels += 1)}`;
      await client("set", jail, "attempt", sentinel, ...Array.from({ length: limit }, (_, each) => `failure ${each}`));
      await until(`${jail} has banned ${sentinel}`, async () => (await banned(jail)).includes(sentinel));
      await client("set", jail, "unbanip", sentinel);
    };

    before(async () => {
      server = await serverFor(os);
      // A door that is shut by default.
      server.stack.configure((config) => config.setIn(["config", "mailstack:manageSieve"], true));
      await server.up();
    });
    beforeEach(async () => {
      await client("unban", "--all");
      // These tests alone make the peer a repeat offender.
      for (const address of Object.values(peer)) await client("set", "recidive", "addignoreip", address);
      await client("set", "recidive-network", "maxretry", "1000");
    });
    // Every other file's mail comes from the peer too.
    after(async () => {
      server.restoreConfig();
      await server.up();
      await client("unban", "--all");
      await client("set", "recidive-network", "maxretry", "5");
      assert.equal(await knock(server, 25), "open");
    });

    const shutOut = (port: number, host = server.ipv4) =>
      until(`port ${port} is closed`, async () => (await knock(server, port, host)) !== "open");
    const letIn = (port: number, host = server.ipv4, seconds = 20) =>
      until(`port ${port} is open`, async () => (await knock(server, port, host)) === "open", seconds);

    /** What is done over one family, done over both at the same time: they are two clients. */
    const overBoth = (work: (host: string, address: string) => Promise<unknown>) =>
      Promise.all((["ipv4", "ipv6"] as const).map(async (family) => work(await addressOf(family), peer[family])));

    /** Fails at a door, `each` times in each of so many connections; the jail has counted each failure, and once. */
    async function failAndCount(port: number, jail: string, connections: number, each: number) {
      await forgiveInDovecot();
      await overBoth(async (host, address) => {
        const wanted = (await counted(jail, address)) + connections * each;
        const fail = () => failFromPeer(server, port, each, host);
        await Promise.all(Array.from({ length: connections }, fail));
        await until(`${jail} has counted`, async () => (await counted(jail, address)) >= wanted);
        assert.equal(await counted(jail, address), wanted, `${jail} counts each failure once`);
      });
    }

    test("networks of mailstack:trustedCidrs are never banned, nor is who deployed", async () => {
      const ignored = async (who: string) => (await said()).split(`[postfix] Ignore ${who}`).length - 1;
      const [peers, deployers] = [`${addresses.peer} by ip`, `${addresses.gateway} by command`];
      const before = [await ignored(peers), await ignored(deployers)] as const;
      await failFromDeployer(server, 25, limit + 1);
      await failFromPeer(server, 25, limit + 1);
      await until("each failure of the peer is ignored", async () => (await ignored(peers)) > before[0] + limit);
      assert.ok((await ignored(deployers)) > before[1]);
      await untilBanned("postfix");
      assert.deepEqual(await banned("postfix"), []);
    });

    test("without that setting the peer is a stranger to each service with a limit", async () => {
      server.stack.configure((config) => config.deleteIn(["config", "mailstack:trustedCidrs"]));
      const { summary } = await server.up();
      assert.equal(summary.update, 5, JSON.stringify(summary));
    });

    for (const { name, port, jail } of doors)
      test(`${name}: ${limit - 1} failures are forgiven, the next one shuts out, over IPv4 and IPv6`, async () => {
        const each = inOneConnection.includes(port) ? 2 : 1;
        await failAndCount(port, jail, (limit - 1) / each, each);
        await untilBanned(jail);
        await overBoth(async (host) => assert.equal(await knock(server, port, host), "open"));
        await failAndCount(port, jail, 1, 1);
        await overBoth(async (host) => {
          await shutOut(port, host);
          // A wrong password closes every mail port; port 25 is closed alone, since a mail server may be behind it.
          const other = port === 993 ? 465 : 993;
          assert.equal((await knock(server, other, host)) === "open", jail === "postfix");
        });
        assert.deepEqual((await banned(jail)).sort(), Object.values(peer).sort());
        // The peer's /64 is this host's too, which has to reach itself (bans.test.ts has a stranger's).
        await until("the network's jail has looked", async () =>
          (await said()).includes(`[${jail}-network] Ignore 2001:db8: by command`),
        );
        const status = await server.system.must(["mailstack", "status"]);
        assert.match(status, /ok {3}bans +\d jails, 2 addresses and 0 networks shut out/);
        await client("unban", "--all");
        await overBoth(async (host) => letIn(port, host));
      });

    test("SSH, over IPv4 and IPv6: keys that are not known", async () => {
      const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes"];
      await overBoth(async (host, address) => {
        // Who is banned before sshd has answered waits for ever.
        const ssh = ["timeout", "20", "ssh", ...options.flatMap((option) => ["-o", option]), `root@${host}`, "true"];
        // sshd itself is slow with such a client (PerSourcePenalties), so a try may not be one.
        const before = await counted("sshd", address);
        await until("sshd's jail has counted enough", async () => {
          const early = (await banned("sshd")).includes(address);
          if ((await counted("sshd", address)) >= before + limit) return true;
          assert.ok(!early, "banned too early");
          await server.peer.exec(ssh);
          return false;
        });
        await shutOut(22, host);
      });
      assert.deepEqual((await banned("sshd")).sort(), Object.values(peer).sort());
      await client("unban", "--all");
      await overBoth(async (host) => letIn(22, host));
    });

    test("a ban survives a restart, and ends in time", async () => {
      await client("set", "postfix", "bantime", "20");
      try {
        await failFromPeer(server, 25, limit);
        await shutOut(25);
        await server.system.must(["systemctl", "restart", "fail2ban.service"]);
        await until("it answers", async () => (await server.system.exec(["fail2ban-client", "ping"])).exitCode === 0);
        await shutOut(25);
        assert.deepEqual(await banned("postfix"), [addresses.peer]);
        await letIn(25, server.ipv4, 40);
      } finally {
        await client("reload");
      }
    });

    test("who is banned five times in a day is shut out of everything for a week; misuse of port 25 does not lead there", async () => {
      const stranger = "203.0.113.77";
      const server25 = "203.0.113.78";
      for (let times = 0; times < 5; times += 1)
        for (const [jail, address] of [
          ["mailstack-login", stranger],
          ["postfix", server25],
        ] as const) {
          await client("set", jail, "banip", address);
          await client("set", jail, "unbanip", address);
        }
      await until("recidive has banned", async () => (await banned("recidive")).length > 0);
      assert.match(await client("get", "recidive", "banip", "--with-time"), /^203\.0\.113\.77\s.* \+ 604800 = /);
      assert.deepEqual(await banned("recidive"), [stranger]);
    });
  });
}

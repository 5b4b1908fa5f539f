import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { addresses } from "../../local-cloud/contracts";
import { guessFromNetwork } from "./support/network-guesser";
import { logIn } from "./support/password-client";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const users = ["ceo", "info", "support"];
/** Where it comes from, and whether it is somebody's fault who is not this host. */
const lines: [line: string, counts: boolean][] = [
  ["NOQUEUE: reject: RCPT from x[192.0.2.7]: 554 5.7.1 <a@b.example>: Relay access denied; from=<c@d.example>", true],
  [
    "NOQUEUE: reject: RCPT from unknown[2001:db8::7]:40000: 554 5.7.1 <a@b.example>: Relay access denied; from=<>",
    true,
  ],
  ["warning: non-SMTP command from unknown[192.0.2.7]: GET / HTTP/1.1", true],
  ["improper command pipelining after CONNECT from unknown[192.0.2.7]: \\026\\003\\001", true],
  [
    "NOQUEUE: reject: RCPT from x[192.0.2.7]: 550 5.1.1 <old@a.example>: Recipient address rejected: User unknown",
    false,
  ],
  [
    "NOQUEUE: reject: RCPT from x[192.0.2.7]: 451 4.3.0 <a@b.example>: Temporary lookup failure; from=<c@d.example>",
    false,
  ],
  ["NOQUEUE: reject: RCPT from x[192.0.2.7]: 450 4.1.1 <a@b.example>: Recipient address rejected: unverified", false],
  [
    "NOQUEUE: reject: RCPT from x[192.0.2.7]: 552 5.2.2 <a@b.example>: Recipient address rejected: Mailbox is full",
    false,
  ],
  ["NOQUEUE: reject: RCPT from x[192.0.2.7]: 452 4.3.1 Insufficient system storage; from=<c@d.example>", false],
  ["NOQUEUE: reject: CONNECT from x[192.0.2.7]: 421 4.3.2 Service currently unavailable; proto=SMTP", false],
  ["A1B2: milter-reject: END-OF-MESSAGE from x[192.0.2.7]: 451 4.7.1 Service unavailable - try again later;", false],
  ["A1B2: milter-reject: END-OF-MESSAGE from x[192.0.2.7]: 554 5.7.1 Gtube pattern; from=<c@d.example>", false],
  ["too many errors after RCPT from x[192.0.2.7]", false],
  ["too many errors after DATA from x[192.0.2.7]", false],
  ["timeout after DATA from x[192.0.2.7]", false],
  ["lost connection after STARTTLS from x[192.0.2.7]", false],
  ["SSL_accept error from x[192.0.2.7]: lost connection", false],
  ["warning: Connection concurrency limit exceeded: 21 from x[192.0.2.7] for service smtp", false],
  // What a stranger says must not put the blame on another.
  ["NOQUEUE: reject: RCPT from x[192.0.2.7]: 550 5.1.1 <y[192.0.2.9]: 554 5.7.1 <z>: Relay access denied;>", false],
];

for (const os of everySystem) {
  describe(`bans on ${os}`, () => {
    let server: Server;
    const client = (...words: string[]) => server.system.must(["fail2ban-client", ...words]);
    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      await client("unban", "--all");
    });

    test("guesses from many addresses of one /64 shut it out, and lock nobody out elsewhere", async () => {
      const names = users.map((user) => server.address(user));
      const { wrong, same, next } = await guessFromNetwork(server, ["2001:db8:0:99", "2001:db8:0:9a"], names, 10);
      assert.ok(wrong >= 5, `${wrong} were refused as wrong`);
      assert.deepEqual([same, next], ["ConnectionRefusedError", "open"]);
      const networks = (await client("get", "mailstack-login-network", "banip")).split(/\s+/).filter(Boolean);
      assert.deepEqual(networks, ["2001:db8:0:99:"]);
      assert.match(
        (await server.system.exec(["mailstack", "status"])).stdout,
        /ok {3}bans +\d jails, .* 1 networks shut out/,
      );
      for (const user of users) assert.equal(await logIn(server, 993, await server.login(user)), "in", user);
      const rows = JSON.parse(await server.system.must(["mailstack", "user", "list", "--json"])) as {
        lockedOut: string[];
      }[];
      for (const { lockedOut } of rows) assert.ok(!lockedOut.includes("strangers"), JSON.stringify(rows));
    });

    test("a ban of a network survives a restart and can be lifted", async () => {
      await server.system.must(["systemctl", "restart", "fail2ban.service"]);
      const rules = () => server.system.must(["nft", "list", "table", "inet", "f2b-table"]);
      const there = async () => (await rules()).includes("2001:db8:0:99::/64");
      await until(
        "fail2ban answers",
        async () => (await server.system.exec(["fail2ban-client", "ping"])).exitCode === 0,
      );
      await until("the network is shut out again", there);
      await client("unban", "2001:db8:0:99:");
      await until("it is let in", async () => !(await there()));
    });

    test("port 25 counts what is a stranger's fault alone", async () => {
      const regex = "/etc/fail2ban/filter.d/mailstack-postfix.conf";
      for (const [line, counts] of lines) {
        const full = `Nov 29 01:00:00 mail postfix/smtpd[123]: ${line}`;
        const told = await server.system.exec(["fail2ban-regex", full, regex]);
        assert.match(told.stdout, counts ? /, 1 matched, 0 missed/ : /, 0 matched, 1 missed/, line);
        if (counts && !line.includes("2001"))
          assert.match((await server.system.exec(["fail2ban-regex", "-o", "ip", full, regex])).stdout, /192\.0\.2\.7/);
      }
    });

    test("ten recipients that are gone, and ten refusals of ours, ban no server", async () => {
      await client("set", "postfix", "delignoreip", addresses.peer);
      try {
        const started = (await client("get", "postfix", "maxretry")).trim();
        assert.equal(started, "5");
        const send = (to: string) =>
          server.peer.send({ from: "list@peer.example", to, subject: "news", server: server.hostname });
        for (let number = 0; number < 10; number += 1)
          assert.equal((await send(server.address(`gone${number}`))).code, 550);
        await server.system.must(["systemctl", "stop", "rspamd.service"]);
        try {
          for (let number = 0; number < 6; number += 1)
            assert.match(String((await send(server.address("info"))).code), /^4/);
        } finally {
          await server.system.must(["systemctl", "start", "rspamd.service"]);
        }
        // The next one counts: whoever reads the journal has read all before.
        await server.peer.send({
          from: "list@peer.example",
          to: "x@elsewhere.example",
          subject: "relay",
          server: server.hostname,
        });
        const found = async () => (await client("status", "postfix")).match(/Currently failed:\s+(\d+)/)![1];
        await until("the relaying is counted", async () => (await found()) !== "0");
        assert.equal(await found(), "1");
        assert.match(await client("status", "postfix"), /Currently banned:\s+0/);
      } finally {
        await client("set", "postfix", "addignoreip", addresses.peer);
      }
    });
  });
}

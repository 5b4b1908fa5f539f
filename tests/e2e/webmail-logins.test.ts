import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { webmailAddress } from "../../components/services/webmail-address";
import { addresses } from "../../local-cloud/contracts";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";
import { webmailLogins } from "./support/webmail-login";

/** A stranger, as bans and limits see it: neither trusted nor a deployer. */
const stranger = addresses.dns;
const owner = addresses.gateway;

for (const os of everySystem) {
  describe(`logins in the webmail on ${os}`, () => {
    let server: Server;
    let ceo: { user: string; password: string };
    const client = (...words: string[]) => server.system.must(["fail2ban-client", ...words]);
    const wrong = (count: number) =>
      Array.from({ length: count }, (_, number) => ({ user: ceo.user, password: `wrong ${number}` }));
    const journal = (unit: string) => server.system.must(["journalctl", "-u", unit, "-o", "cat", "-n", "400"]);

    before(async () => {
      server = await serverFor(os);
      ceo = await server.login("ceo");
      await client("set", "mailstack-login", "addignoreip", stranger);
    });
    after(async () => {
      await client("set", "mailstack-login", "delignoreip", stranger);
      await client("unban", "--all");
      await server.system.must(["mailstack", "user", "unlock", ceo.user]);
    });

    test("six wrong passwords of a stranger neither delay nor lock out the owner, at another address", async () => {
      const [before] = await webmailLogins(server, owner, [ceo]);
      // Two at a time: a client has no more.
      for (let round = 0; round < 3; round += 1) {
        const two = wrong(2).map(({ user, password }) => ({ user, password: `${password} ${round}` }));
        for (const { status } of await webmailLogins(server, stranger, two)) assert.equal(status, 401);
      }
      const [answer] = await webmailLogins(server, owner, [ceo]);
      assert.equal(answer!.status, 200);
      // Dovecot would keep an address waiting for 15 seconds by now; on a busy machine each login takes long.
      assert.ok(answer!.seconds < Math.max(5, 3 * before!.seconds), JSON.stringify([before, answer]));
      // It is the stranger who is locked out, and the administrator sees it.
      assert.equal((await webmailLogins(server, stranger, [ceo]))[0]!.status, 401);
      const users = await server.system.must(["mailstack", "user", "list", "--json"]);
      const row = (JSON.parse(users) as { address: string; lockedOut: string[] }[]).find((u) => u.address === ceo.user);
      // Other files' strangers may still be among them.
      assert.ok(row!.lockedOut.includes(stranger) && !row!.lockedOut.includes(owner), row!.lockedOut.join());
    });

    test("Dovecot knows the browser's address", async () => {
      const log = await journal("dovecot.service");
      // The two generations have words of their own.
      const login = new RegExp(`Log(?:ged )?in: user=<${ceo.user}>.* rip=${owner}, lip=127\\.0\\.0\\.1`);
      assert.ok(login.test(log), "the login of the owner");
      assert.ok(new RegExp(`${ceo.user},${stranger}[,)].*Password mismatch`).test(log), "a wrong password");
    });

    test("fourteen slow logins at the same time do not stop the page", async () => {
      const look = async () => (await webmailLogins(server, owner, []))[0]!.seconds;
      const before = Math.max(await look(), await look());
      // From the peer, which is trusted here: nginx and bans let all of them through.
      const slow = webmailLogins(server, "peer", wrong(14));
      const looks: number[] = [];
      let over = false;
      const ended = slow.finally(() => (over = true));
      await until(
        "the logins take their time",
        async () => {
          looks.push(await look());
          return over;
        },
        120,
      );
      assert.deepEqual([...new Set((await ended).map(({ status }) => status))], [401]);
      assert.ok(looks.length > 1, "it was looked at once only");
      assert.ok(Math.max(...looks) < Math.max(4, 20 * before), JSON.stringify([before, looks]));
    });

    test("one client has two logins at a time, the rest is told to wait", async () => {
      const answers = await webmailLogins(server, stranger, wrong(8));
      const waiting = answers.filter(({ status }) => status === 429);
      assert.ok(waiting.length >= 4, JSON.stringify(answers));
    });

    test("a login that hides in another task's address is refused, also with the right password", async () => {
      // As nginx and PHP read a query differently: the body, the last of two, another spelling.
      for (const task of ["mail", "mail&_task=login", "%6Cogin", "login%00"]) {
        const [hidden] = await webmailLogins(server, owner, [ceo], task);
        assert.notEqual(hidden!.status, 200, task);
      }
      assert.equal((await webmailLogins(server, owner, [ceo]))[0]!.status, 200);
    });

    test("nobody else on the host can say whose login it is", async () => {
      const ask = (source: string) => `
import imaplib, socket, ssl
plain = socket.create_connection
socket.create_connection = lambda to, *more, **named: plain(to, 20, ("${source}", 0))
try: session = imaplib.IMAP4_SSL("127.0.0.1", 993, ssl_context=ssl._create_unverified_context())
except OSError as error: raise SystemExit(type(error).__name__)
imaplib.Commands["ID"] = ("NONAUTH",)
session._simple_command("ID", '("x-originating-ip" "203.0.113.66")')
try: session.login("${ceo.user}", "wrong as www-data")
except imaplib.IMAP4.error: print("refused")`;
      const asOther = (source: string) =>
        server.system.exec(["runuser", "-u", "www-data", "--", "python3", "-c", ask(source)]);
      assert.match((await asOther(webmailAddress)).stderr, /^ConnectionRefusedError$/m);
      assert.match((await asOther("127.0.0.1")).stdout, /^refused$/m);
      assert.ok(!(await journal("dovecot.service")).includes("203.0.113.66"), "the forged address is believed");
      const smtp = `
import smtplib
session = smtplib.SMTP("127.0.0.1", 587)
session.ehlo()
print(session.docmd("XCLIENT ADDR=203.0.113.66")[0], session.has_extn("xclient"))`;
      assert.equal(await server.system.must(["runuser", "-u", "www-data", "--", "python3", "-c", smtp]), "550 False\n");
    });
  });
}

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parse } from "yaml";
import { addresses } from "../../local-cloud/contracts";
import { allIn, allRefused, duringSessions, logIn, logInEverywhere } from "./support/password-client";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const first = "correct horse battery staple 5";
const second = "jambo rafiki yangu 77";

for (const os of everySystem) {
  describe(`accounts on ${os}`, () => {
    let server: Server;
    const ann = () => server.address("ann");
    const mailstack = (words: string[], input = "") => server.system.exec(["mailstack", ...words], { input });
    const must = async (words: string[], input = "") => {
      const result = await mailstack(words, input);
      assert.equal(result.exitCode, 0, result.stderr);
      return result.stdout;
    };

    before(async () => {
      server = await serverFor(os);
      await mailstack(["user", "purge", ann(), "--yes"]);
      server.stack.configure((config) => config.addIn(["config", "mailstack:users"], { address: ann() }));
      await server.up();
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
      await mailstack(["user", "purge", ann(), "--yes"]);
    });

    test("a password that a person sets is the only one that works, by IMAP, POP3 and SMTP", async () => {
      const generated = await server.login("ann");
      assert.deepEqual(await logInEverywhere(server, generated), allIn);
      await must(["user", "set-password", ann()], `${first}\n`);
      assert.deepEqual(await logInEverywhere(server, { user: ann(), password: first }), allIn);
      assert.deepEqual(await logInEverywhere(server, generated), allRefused);
    });

    test("change-password wants the old one, and the policy likes the new one", async () => {
      const wrong = await mailstack(["user", "change-password", ann()], `${second}\n${second} 8\n`);
      assert.equal(wrong.exitCode, 4, wrong.stderr);
      const weak = await mailstack(["user", "change-password", ann()], `${first}\nPassword1234!\n`);
      assert.equal(weak.exitCode, 5);
      assert.match(weak.stderr, /easy to guess/);
      assert.deepEqual(await logInEverywhere(server, { user: ann(), password: first }), allIn);
      await must(["user", "change-password", ann()], `${first}\n${second}\n`);
      assert.deepEqual(await logInEverywhere(server, { user: ann(), password: second }), allIn);
      assert.deepEqual(await logInEverywhere(server, { user: ann(), password: first }), allRefused);
    });

    const own = () => ({ user: ann(), password: second });
    /** Mail from the peer; the subject is where to look for it. */
    const send = async (to: string) => {
      const subject = server.unique("accounts");
      const sent = await server.peer.send({ from: "friend@peer.example", to, subject, server: server.hostname });
      return { code: sent.code, subject };
    };
    /** Whose Maildirs hold it. */
    const holders = async (subject: string) =>
      (
        await server.system.must([
          "sh",
          "-c",
          `grep -rl '${subject}' /var/vmail/*/*/Maildir/new /var/vmail/*/*/Maildir/cur || true`,
        ])
      )
        .split("\n")
        .filter(Boolean)
        .map((file) => file.split("/")[4])
        .sort();
    const maySend = async (from: string, credentials: { user: string; password: string }) =>
      (
        await server.peer.send({
          from,
          to: "friend@peer.example",
          subject: server.unique("accounts"),
          server: server.hostname,
          port: 465,
          tls: "wrapped",
          ...credentials,
        })
      ).code;
    const row = async () => {
      const users = JSON.parse(await must(["user", "list", "--json"])) as Record<string, unknown>[];
      return users.find((user) => user.address === ann())!;
    };

    // Before the others: whoever logs in from there makes it known.
    test("five wrong passwords lock a stranger out, not the user's own device, nor an app password", async () => {
      const jail = (...words: string[]) => server.system.must(["fail2ban-client", "set", "mailstack-login", ...words]);
      // A ban would come first.
      await jail("addignoreip", addresses.dns);
      const app = (await must(["user", "app-password", "add", ann(), "laptop"])).trim();
      assert.equal(await logIn(server, 993, own()), "in");
      // Dovecot answers an address the more slowly the more often it failed; only a restart forgets that.
      await server.system.must(["systemctl", "restart", "dovecot.service"]);
      const tries = ["one", "two", "three", "four"].map((password) =>
        logIn(server, password === "two" ? 465 : 993, { user: ann(), password }, "stranger"),
      );
      await Promise.all(tries);
      assert.deepEqual((await row()).lockedOut, []);
      await logIn(server, 587, { user: ann(), password: "five" }, "stranger");
      await server.system.must(["systemctl", "restart", "dovecot.service"]);
      assert.deepEqual((await row()).lockedOut, [addresses.dns]);
      assert.match(await must(["status"]), /^ok {3}logins +1 accounts locked out/m);
      assert.deepEqual(await logInEverywhere(server, own(), "stranger"), allRefused);
      assert.deepEqual(await logInEverywhere(server, own()), allIn);
      assert.deepEqual(await logInEverywhere(server, { user: ann(), password: app }, "stranger"), allIn);
      assert.deepEqual(await logInEverywhere(server, own(), "peer"), allIn);
      await must(["user", "unlock", ann()]);
      assert.deepEqual(await logInEverywhere(server, own(), "stranger"), allIn);
      await jail("delignoreip", addresses.dns);
    });

    test("who is in mailstack:trustedCidrs is not locked out", async () => {
      const wrong = ["a", "b", "c", "d", "e", "f"].map((password) => ({ user: ann(), password }));
      await Promise.all(wrong.map((each) => logIn(server, 993, each, "peer")));
      assert.deepEqual((await row()).lockedOut, []);
      await server.system.must(["systemctl", "restart", "dovecot.service"]);
    });

    test("an app password works at every door beside the own one, and can be taken back alone", async () => {
      const password = (await must(["user", "app-password", "add", ann(), "phone"])).trim();
      const other = (await must(["user", "app-password", "add", ann(), "tablet"])).trim();
      assert.deepEqual(await logInEverywhere(server, { user: ann(), password }), allIn);
      assert.deepEqual(await logInEverywhere(server, own()), allIn);
      assert.match(await logIn(server, 993, { user: server.address("info"), password }), /refused/);
      assert.match(await must(["user", "app-password", "list", ann()]), /^phone .*\ntablet /m);
      const ended = await duringSessions(server, { user: ann(), password }, () =>
        must(["user", "app-password", "revoke", ann(), "phone"]),
      );
      assert.match(ended, /^ended/);
      assert.deepEqual(await logInEverywhere(server, { user: ann(), password }), allRefused);
      assert.equal(await logIn(server, 993, { user: ann(), password: other }), "in");
      assert.equal(await logIn(server, 993, own()), "in");
    });

    test("a lock ends sessions, refuses login and sending, lets mail arrive, and outlasts an up", async () => {
      assert.equal(await duringSessions(server, own(), () => must(["user", "lock", ann()])), "ended 553");
      assert.deepEqual(await logInEverywhere(server, own()), allRefused);
      const { code, subject } = await send(ann());
      assert.equal(code, 250);
      server.stack.configure((config) =>
        config.addIn(["config", "mailstack:aliases"], {
          address: server.address("everybody"),
          destinations: [ann(), server.address("info")],
        }),
      );
      await server.up();
      assert.equal((await row()).locked, true);
      assert.match(await logIn(server, 993, own()), /refused/);
      await must(["user", "unlock", ann()]);
      assert.deepEqual(await logInEverywhere(server, own()), allIn);
      assert.deepEqual(await holders(subject), ["ann"]);
    });

    test("one alias to several users reaches each, and each may send as it, nobody else", async () => {
      const { subject } = await send(server.address("everybody"));
      await server.imapFind("info", subject);
      assert.deepEqual(await holders(subject), ["ann", "info"]);
      assert.equal(await maySend(server.address("everybody"), own()), 250);
      assert.equal(await maySend(server.address("everybody"), await server.login("info")), 250);
      assert.equal(await maySend(server.address("everybody"), await server.login("tech")), 553);
    });

    test("a catch-all and a shared alias: mailboxes keep their mail and their names", async () => {
      server.stack.configure((config) => {
        config.addIn(["config", "mailstack:aliases"], {
          address: `@${server.domain}`,
          destinations: [server.address("info")],
        });
        config.setIn(["config", "mailstack:sharedAliases"], [{ name: "jobs", destinations: [ann()] }]);
      });
      const { summary } = await server.up();
      assert.equal(summary.update, 1, JSON.stringify(summary));
      const [unknown, tagged, shared] = await Promise.all(
        ["whoever", "tech+tag", "jobs"].map((name) => send(server.address(name))),
      );
      await server.imapFind("info", unknown!.subject);
      await server.imapFind("tech", tagged!.subject);
      assert.deepEqual(await holders(unknown!.subject), ["info"]);
      assert.deepEqual(await holders(tagged!.subject), ["tech"]);
      assert.deepEqual(await holders(shared!.subject), ["ann"]);
      const info = await server.login("info");
      assert.equal(await maySend(server.address("whoever"), info), 250);
      assert.equal(await maySend(server.address("tech"), info), 553);
      assert.equal(await maySend(server.address("whoever"), own()), 553);
      await must(["user", "lock", ann()]);
      assert.equal(await maySend(ann(), info), 553);
      await must(["user", "unlock", ann()]);
    });

    test("a second domain on the host has the shared alias too", async () => {
      const state = JSON.parse((await server.stack.pulumi(["stack", "export"])).stdout) as {
        deployment: { resources: { urn: string; inputs?: { stdin?: string } }[] };
      };
      const resource = state.deployment.resources.find(({ urn }) => urn.endsWith("remote:Command::mail-accounts"));
      const bundle = resource!.inputs!.stdin!;
      const more = parse(bundle) as { accounts: { domains: string[]; aliases: object[] } };
      more.accounts.domains.push("branch.example");
      more.accounts.aliases.push({ source: "jobs@branch.example", destinations: [ann()] });
      await must(["apply", "accounts"], JSON.stringify(more));
      try {
        const { code, subject } = await send("jobs@branch.example");
        assert.equal(code, 250);
        await until("it is delivered", async () => (await holders(subject)).length > 0);
        assert.deepEqual(await holders(subject), ["ann"]);
        assert.equal((await send("tech@branch.example")).code, 550);
        assert.equal(await maySend("jobs@branch.example", own()), 250);
      } finally {
        await must(["apply", "accounts"], bundle);
      }
    });

    test("no other program of the host may speak with the login policy", async () => {
      const program = `
import http.client
asking = http.client.HTTPConnection("127.0.0.1", 4001, timeout=10)
asking.request("POST", "/?command=allow", "{}")
print(asking.getresponse().status)`;
      const ask = ["python3", "-c", program];
      assert.equal((await server.system.must(ask)).trim(), "200");
      assert.equal((await server.system.must(["runuser", "-u", "www-data", "--", ...ask])).trim(), "403");
    });

    test("with mailstack:passwordMaxAgeDays an old password opens the webmail's door only, until it is changed", async () => {
      // Postfix's processes now have a connection each to Dovecot, which they keep.
      assert.deepEqual(await logInEverywhere(server, own()), allIn);
      server.stack.configure((config) => config.setIn(["config", "mailstack:passwordMaxAgeDays"], 90));
      await server.up();
      assert.equal(await logIn(server, 993, own()), "in");
      const age = "UPDATE users SET password_changed = unixepoch() - 91 * 86400 WHERE email =";
      await server.system.must(["sqlite3", "/var/lib/mailserver/mail.db", `${age} '${ann()}'`]);
      assert.deepEqual(await logInEverywhere(server, own()), allRefused);
      const here = `import imaplib, ssl, sys
session = imaplib.IMAP4_SSL("127.0.0.1", 993, ssl_context=ssl._create_unverified_context())
print(session.login(*sys.stdin.read().split("\\n")[:2])[0])`;
      const webmail = await server.system.exec(["python3", "-c", here], { input: `${ann()}\n${second}\n` });
      assert.equal(webmail.stdout.trim(), "OK", webmail.stderr);
      await must(["user", "change-password", ann()], `${second}\n${first}\n`);
      assert.deepEqual(await logInEverywhere(server, { user: ann(), password: first }), allIn);
    });
  });
}

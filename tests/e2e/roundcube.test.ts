import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { openBrowser, type Browser } from "./support/browser";
import { allIn, allRefused, logInEverywhere } from "./support/password-client";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";
import { Webmail } from "./support/webmail";

const friend = "friend@peer.example";
const chosen = "jambo rafiki yangu 77";

/** Prints the SHA-256 of the attachment with this name in a message file. */
const digestOf = `
import email, email.policy, hashlib, sys
message = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
for part in message.iter_attachments():
    if part.get_filename() == sys.argv[2]: print(hashlib.sha256(part.get_payload(decode=True)).hexdigest())
`;

/** Prints the texts of a zip file's members by their names. */
const contentsOf = `
import json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
print(json.dumps({name: archive.read(name).decode() for name in archive.namelist()}))
`;

for (const os of everySystem) {
  describe(`webmail on ${os}`, () => {
    let server: Server;
    let browser: Browser;
    let webmail: Webmail;
    let generated: { user: string; password: string };
    const zoe = () => server.address("zoe");
    const purge = () => server.system.exec(["mailstack", "user", "purge", zoe(), "--yes"]);

    before(async () => {
      server = await serverFor(os);
      await purge();
      server.stack.configure((config) => config.addIn(["config", "mailstack:users"], { address: zoe() }));
      await server.up();
      generated = await server.login("zoe");
      browser = await openBrowser(server);
      webmail = await Webmail.open(browser, server);
    });
    after(async () => {
      await browser?.close();
      server.restoreConfig();
      await server.up();
      await purge();
    });

    const fromFriend = async (subject: string, body: string) => {
      const sent = await server.peer.send({ from: friend, to: zoe(), subject, body, server: server.hostname });
      assert.equal(sent.code, 250, sent.transcript);
    };
    const inFolder = async (folder: string, subject: string) => {
      const path = `/var/vmail/${server.domain}/zoe/Maildir${folder}`;
      return (await server.system.exec(["grep", "-rlF", `Subject: ${subject}`, path])).exitCode === 0;
    };

    test("a wrong password is refused, the right one opens the mailbox with its folders", async () => {
      await webmail.picture("login");
      await webmail.logIn({ ...generated, password: "wrong" });
      assert.match(await webmail.said(), /Login failed/);
      await webmail.logIn(generated);
      const folders = webmail.page.locator("#mailboxlist");
      for (const name of ["Inbox", "Drafts", "Sent", "Junk", "Trash", "Archive"])
        await folders.getByText(name, { exact: true }).waitFor({ state: "attached" });
    });

    test("the mail that the peer sent is read", async () => {
      const subject = `Karibu ${Date.now()}`;
      await fromFriend(subject, "Greetings from the rest of the world.\n");
      await until("it is there", () => inFolder("/", subject));
      const message = await webmail.read("INBOX", subject);
      await message.getByText("Greetings from the rest of the world.").waitFor();
      await webmail.picture("mail");
    });

    test("a mail with an attachment of 20 MB is sent, and arrives intact and signed", async () => {
      const content = randomBytes(20_000_000);
      const subject = `The figures ${Date.now()}`;
      await webmail.send(friend, subject, "As you asked.", { name: "figures.bin", content });
      const received = await server.peer.received({ subject });
      const digest = await server.peer.system.must(["python3", "-c", digestOf, received.path, "figures.bin"]);
      assert.equal(digest.trim(), createHash("sha256").update(content).digest("hex"));
      assert.deepEqual([received.verdicts?.dkim, received.verdicts?.dmarc], ["pass", "pass"]);
      assert.equal(received.headers.from?.[0], zoe());
      assert.equal(received.headers["user-agent"], undefined);
      await until("a copy is in Sent", () => inFolder("/.Sent", subject));
    });

    test("a mail to an address in UTF-8 is refused in words", async () => {
      assert.match(await webmail.sendInVain("u\u017cytkownik@peer.example", "Hello"), /Unicode in email address/);
    });

    test("a filter made in the browser files the next mail", async () => {
      const word = `invoice${Date.now()}`;
      await webmail.file(word, "Archive");
      await fromFriend(`Your ${word}`, "Please pay.\n");
      await until("it is filed", () => inFolder("/.Archive", `Your ${word}`));
      assert.ok(!(await inFolder("/cur", `Your ${word}`)));
      await fromFriend(`Not an in-voice ${word.length}`, "Hello.\n");
      await until("another is not", () => inFolder("/", `Not an in-voice ${word.length}`));
    });

    test("all files of a mail come as one zip, and the archive button puts the mail away", async () => {
      const subject = `Two files ${Date.now()}`;
      const files = { "one.txt": "the first", "two.txt": "the second" };
      const parts = Object.entries(files).map(
        ([name, text]) => `--b\r\nContent-Disposition: attachment; filename=${name}\r\n\r\n${text}\r\n`,
      );
      const head = `From: ${friend}\r\nSubject: ${subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b`;
      await server.system.must(["doveadm", "save", "-u", zoe(), "-m", "INBOX"], {
        input: `${head}\r\n\r\n${parts.join("")}--b--\r\n`,
      });
      await webmail.read("INBOX", subject);
      const zip = await webmail.allFiles();
      const unpacked = await execa("python3", ["-c", contentsOf, zip]);
      assert.deepEqual(JSON.parse(unpacked.stdout), files);
      await webmail.archive();
      await until("it is in Archive", () => inFolder("/.Archive", subject));
      assert.ok(!(await inFolder("/cur", subject)) && !(await inFolder("/new", subject)));
    });

    test("a password that the policy refuses changes nothing, and the user is told why", async () => {
      assert.match(await webmail.changePassword(generated.password, "Password1234!"), /easy to guess/);
      assert.match(await webmail.changePassword("not this one", chosen), /incorrect/i);
      assert.deepEqual(await logInEverywhere(server, generated), allIn);
    });

    test("a changed password: the old one is refused everywhere, the new one works, mail still flows", async () => {
      assert.match(await webmail.changePassword(generated.password, chosen), /Successfully saved/);
      await webmail.picture("password");
      assert.deepEqual(await logInEverywhere(server, { user: zoe(), password: chosen }), allIn);
      assert.deepEqual(await logInEverywhere(server, generated), allRefused);
      const query = ["sqlite3", "/var/lib/mailserver/mail.db", "PRAGMA journal_mode"];
      assert.equal((await server.system.must(query)).trim(), "delete");
      await webmail.logOut();
      await webmail.logIn(generated);
      assert.match(await webmail.said(), /Login failed/);
      await webmail.logIn({ user: zoe(), password: chosen });
      const subject = `After the change ${Date.now()}`;
      await fromFriend(subject, "Still there.\n");
      await until("it is there", () => inFolder("/", subject));
      await webmail.send(friend, `Re: ${subject}`, "Yes.");
      await server.peer.received({ subject: `Re: ${subject}` });
    });

    const statuses = async (...words: string[]) => {
      const ask = ["curl", "--silent", "--cacert", server.trustFile, "--output", "/dev/null"];
      const told = await server.inCloud([...ask, "--write-out", "%{http_code}\\n", "--path-as-is", ...words]);
      return told.stdout.split("\n");
    };

    test("scripts come compressed, pages do not: they tell their secrets by their length (BREACH)", async () => {
      const site = `https://webmail.${server.domain}/`;
      const ask = ["curl", "--silent", "--compressed", "--include", "--cacert", server.trustFile];
      const page = (await server.inCloud([...ask, site])).stdout;
      assert.match(page, /^HTTP\/2 200/);
      assert.doesNotMatch(page, /^content-encoding:/im);
      const script = /src="([^"]+\.js[^"]*)"/.exec(page)?.[1];
      assert.ok(script, page);
      const told = (await server.inCloud([...ask, new URL(script, site).href])).stdout;
      assert.match(told, /^HTTP\/2 200/);
      assert.match(told, /^content-encoding: gzip\r$/im);
    });

    test("nothing is served but the program and the files of its pages", async () => {
      const site = `https://webmail.${server.domain}`;
      assert.deepEqual(await statuses(`${site}/skins/elastic/images/logo.svg`), ["200"]);
      const hidden = ["logs/errors.log", "SQL/sqlite.initial.sql", "config/config.inc.php", ".htaccess", "bin/gc.sh"];
      const inPlugins = ["plugins/password/config.inc.php.dist", "plugins/password/password.php", "plugins/"];
      for (const path of [...hidden, ...inPlugins, "../config/config.inc.php", "index.php/x"])
        assert.match((await statuses(`${site}/${path}`))[0]!, /^40[034]$/, path);
    });

    test("other sites' user reads nothing of the webmail, and the webmail nothing of the accounts", async () => {
      const state = "/var/lib/mailstack-webmail/roundcube.db";
      const kept = [
        ["www-data", state],
        ["www-data", "/etc/roundcube/config.inc.php"],
        ["roundcube", "/var/lib/mailserver/mail.db"],
      ] as const;
      for (const [user, file] of kept) {
        const reading = await server.system.exec(["runuser", "-u", user, "--", "head", "-c1", file]);
        assert.match(reading.stderr, /Permission denied/, `${user} reads ${file}`);
      }
      const connect = `import socket; socket.socket(socket.AF_UNIX).connect("/run/mailstack-password.sock")`;
      const knocking = await server.system.exec(["runuser", "-u", "www-data", "--", "python3", "-c", connect]);
      assert.match(knocking.stderr, /PermissionError/);
    });

    test("logins from one address are slowed down, reading is not", async () => {
      const page = `https://webmail.${server.domain}/`;
      // From an address that is not among those which the tests trust.
      const tries = await statuses("--ipv4", "--data", "", `${page}?_task=login&n=[1-15]`);
      assert.ok(
        tries.slice(0, 5).every((status) => status === "200" || status === "401"),
        tries.join(" "),
      );
      assert.ok(
        tries.slice(-3).every((status) => status === "429"),
        tries.join(" "),
      );
      assert.deepEqual(await statuses(page), ["200"]);
    });

    test("without webmail: no site, no record, no name in the certificate; all is back with it, and so is its database", async () => {
      const name = `webmail.${server.domain}`;
      const served = async () => {
        const ask = ["openssl", "s_client", "-connect", `${server.ipv4}:443`, "-servername", server.hostname];
        const names = ["openssl", "x509", "-noout", "-ext", "subjectAltName"];
        return (await server.inCloud(names, (await server.inCloud(ask)).stdout)).stdout;
      };
      const address = async () => (await server.inCloud(["dig", "+short", "A", name])).stdout;
      server.stack.configure((config) => config.setIn(["config", "mailstack:webmail"], false));
      await server.up();
      const ask = ["curl", "--silent", "--show-error", "--insecure", "--resolve", `${name}:443:${server.ipv4}`];
      assert.match((await server.inCloud([...ask, `https://${name}/`])).stderr, /unrecognized name/);
      assert.equal(await address(), "");
      assert.doesNotMatch(await served(), /webmail/);
      assert.match((await server.system.exec(["mailstack", "status"])).stdout, /ok {3}webmail +off/);

      server.stack.configure((config) => config.deleteIn(["config", "mailstack:webmail"]));
      await server.up();
      assert.equal(await address(), server.ipv4);
      assert.match(await served(), /webmail/);
      await until("the page is there", async () => (await statuses(`https://${name}/`))[0] === "200");
      const users = "SELECT count(*) FROM users WHERE username LIKE 'zoe@%'";
      assert.equal(
        (await server.system.must(["sqlite3", "/var/lib/mailstack-webmail/roundcube.db", users])).trim(),
        "1",
      );
    });

    test("a purged user leaves nothing in the webmail; others, and who comes again, are served", async () => {
      const database = "/var/lib/mailstack-webmail/roundcube.db";
      const trace = ["grep", "-qaF", zoe(), database];
      assert.equal((await server.system.exec(trace)).exitCode, 0);
      server.restoreConfig();
      await server.up();
      const purged = await purge();
      assert.equal(purged.exitCode, 0, purged.stderr);
      assert.equal((await server.system.exec(trace)).exitCode, 1);
      const strays = "SELECT count(*) FROM identities WHERE user_id NOT IN (SELECT user_id FROM users)";
      assert.equal((await server.system.must(["sqlite3", database, strays])).trim(), "0");
      const owner = await server.system.must(["sh", "-c", `stat -c %U ${database}* | sort -u`]);
      assert.equal(owner, "roundcube\n");

      const { user, password } = await server.login("support");
      const again = await Webmail.open(browser, server);
      await again.logIn({ user, password });
      await again.page.waitForURL(/_task=mail/);
    });
  });
}

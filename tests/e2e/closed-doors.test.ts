import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { redisSocket } from "../../components/services/redis";
import { everySystem, serverFor, type Server } from "./support/servers";

const publicOnes = [22, 25, 80, 443, 465, 587, 993, 995];
/** IMAP and POP3 without TLS, the packages' second ManageSieve (Debian 13), and Rspamd's separate scanner. */
const never = [110, 143, 2000, 11333];

/** Owner and mode of what must not be everybody's, and of folders that daemons of other users must get into. */
const modes: Record<string, string> = {
  "/etc/dovecot": "root:root 755",
  "/etc/dovecot/sieve": "root:root 755",
  "/etc/mailstack/initial-passwords": "root:root 700",
  "/etc/mailstack/secrets": "root:root 700",
  "/etc/letsencrypt/archive": "root:root 700",
  "/etc/letsencrypt/archive/*/privkey*.pem": "root:root 600",
  "/etc/letsencrypt/live": "root:root 700",
  "/etc/postfix": "root:root 755",
  "/etc/rspamd/local.d": "root:root 755",
  "/etc/rspamd/override.d/controller-password.inc": "root:_rspamd 640",
  "/run/rspamd/controller.sock": "_rspamd:_rspamd 600",
  "/var/lib/mailserver": "root:mailauth 3770",
  "/var/lib/mailserver/mail.db": "root:mailauth 660",
  "/var/lib/mailstack/dkim": "root:_rspamd 750",
  "/var/lib/mailstack/dkim/*.key": "root:_rspamd 640",
  "/var/spool/postfix/private": "postfix:root 700",
  "/var/spool/postfix/private/auth": "postfix:postfix 660",
  "/var/spool/postfix/private/dovecot-lmtp": "postfix:postfix 600",
  "/var/swap/mailstack": "root:root 600",
  "/var/vmail": "vmail:vmail 700",
};

for (const os of everySystem) {
  describe(`closed doors on ${os}`, () => {
    let server: Server;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    before(async () => {
      server = await serverFor(os);
    });

    test("without any firewall only the public ports would be open: all else listens on the loopback, or not at all", async () => {
      const lines = (await shell("ss -Hltn")).trim().split("\n");
      const sockets = lines.map((line) => /(\S+):(\d+)\s+\S+:\*/.exec(line)!.slice(1));
      const outside = sockets.filter(([address]) => !/^127\.|^\[::1\]/.test(address!)).map(([, port]) => Number(port));
      assert.deepEqual(
        [...new Set(outside)].sort((a, b) => a - b),
        publicOnes,
      );
      const all = new Set(sockets.map(([, port]) => Number(port)));
      assert.deepEqual(
        never.filter((port) => all.has(port)),
        [],
      );
      // What a client of another network asks by UDP is DHCP's business alone.
      const datagrams = (await shell("ss -Hlun")).trim().split("\n").filter(Boolean);
      for (const line of datagrams) assert.match(line, /\s(127\.\S+|\[::1\]:\d+|\S+:(68|546))\s/, line);
    });

    test("another program of the host learns nothing from Rspamd and Redis, and teaches it nothing, without the password", async () => {
      const program = `
import socket, urllib.error, urllib.request
for path in "stat", "auth", "history", "learnspam", "saveactions":
    for headers in {}, {"Password": "q1"}:
        data = b"Subject: x\\r\\n\\r\\nx" if path in ("learnspam", "saveactions") else None
        request = urllib.request.Request(f"http://127.0.0.1:11334/{path}", data, headers)
        try: print(path, urllib.request.urlopen(request, timeout=10).status)
        except urllib.error.HTTPError as error: print(path, error.code)
for path in "/run/rspamd/controller.sock", "${redisSocket}":
    try: socket.socket(socket.AF_UNIX).connect(path)
    except PermissionError: print("no socket")`;
      const answers = await server.system.must(["runuser", "-u", "www-data", "--", "python3", "-c", program]);
      const lines = answers.trim().split("\n");
      assert.deepEqual(lines.splice(-2), ["no socket", "no socket"]);
      assert.equal(lines.length, 10);
      for (const line of lines) assert.match(line, / 40[13]$/, answers);
    });

    test("owners and modes: keys and passwords for those who need them, folders open for those who must pass", async () => {
      const paths = Object.keys(modes);
      const found = await shell(paths.map((path) => `stat -c '${path} %U:%G %a' ${path} | sort -u`).join("\n"));
      assert.deepEqual(
        found.trim().split("\n"),
        paths.map((path) => `${path} ${modes[path]}`),
      );
      const queries = (await server.system.exec(["stat", "-c", "%U:%G %a", "/etc/dovecot/dovecot-sql.conf.ext"]))
        .stdout;
      // Dovecot 2.4 has the queries in its one file, which holds no secret.
      assert.equal(queries, os === "debian12" ? "root:dovecot 640\n" : "");
    });

    test("many who connect and say nothing share few login processes, which are not root's", async () => {
      const program = `
import socket, ssl, subprocess, sys
anything = ssl._create_unverified_context()
before = [anything.wrap_socket(socket.create_connection(("127.0.0.1", 993))) for _ in range(10)]
for one in before: one.recv(500)
print(subprocess.run(["ps", "-o", "user=", "-C", "imap-login"], capture_output=True, text=True, check=True).stdout)`;
      const owners = (await server.system.must(["python3", "-c", program])).trim().split(/\s+/);
      assert.ok(owners.length < 10, `${owners.length} processes for 10 connections`);
      assert.deepEqual([...new Set(owners)], ["dovenull"]);
    });

    test("nginx has nothing to complain about", async () => {
      const { stderr, exitCode } = await server.system.exec(["nginx", "-t"]);
      assert.equal(exitCode, 0, stderr);
      assert.doesNotMatch(stderr, /\[(warn|error|emerg)\]/);
    });

    test("the webmail's page says once that nobody may frame it, and has no obsolete header", async () => {
      const page = `https://webmail.${server.domain}/`;
      const ask = ["curl", "--silent", "--show-error", "--fail", "--cacert", server.trustFile, "--head"];
      const { stdout, stderr } = await server.inCloud([...ask, "--request", "GET", page]);
      assert.equal(stdout.match(/^x-frame-options: sameorigin\r?$/gim)?.length, 1, stdout + stderr);
      assert.doesNotMatch(stdout, /^x-xss-protection/im);
    });
  });
}

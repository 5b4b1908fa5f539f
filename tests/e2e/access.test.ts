import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { apply, assertOneUpdate, assertWhole, bundleOf } from "./support/applier";
import { everySystem, serverFor, type Server } from "./support/servers";

/** Opens so many connections to SSH, none of which logs in, and says what each was greeted with. */
const halfOpen = `
import socket, sys
open_ones = [socket.create_connection((sys.argv[1], 22), 20) for _ in range(int(sys.argv[2]))]
for one in open_ones:
    one.settimeout(20)
    try: print(one.recv(8).decode() or "closed")
    except OSError as error: print(type(error).__name__)
`;

for (const os of everySystem) {
  describe(`access on ${os}`, () => {
    let server: Server;
    let folder: string;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const key = (name: string) => join(folder, name);
    const makeKey = (name: string) =>
      execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key(name)]);
    const publicKey = (name: string) => readFileSync(`${key(name)}.pub`, "utf8").trim();
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=10"];
    const ssh = (user: string, words: string[], more: string[]) =>
      server.inCloud([
        "ssh",
        ...[...options, ...more].flatMap((option) => ["-o", option]),
        `${user}@${server.ipv4}`,
        ...words,
      ]);
    const withKey = (user: string, name: string, ...words: string[]) =>
      ssh(user, words, ["BatchMode=yes", "IdentitiesOnly=yes", `IdentityFile=${key(name)}`]);
    const declare = (users: unknown[]) =>
      server.stack.configure((config) => config.setIn(["config", "mailstack:sudoUsers"], users));

    before(async () => {
      server = await serverFor(os);
      folder = mkdtempSync(join(tmpdir(), "mailstack-access-"));
      for (const name of ["first", "second", "own"]) await makeKey(name);
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
      await shell("userdel --remove tech 2>/dev/null || test $? -eq 6");
      await shell("fail2ban-client unban --all");
      rmSync(folder, { recursive: true });
    });

    test("no password opens SSH, not even root's own; none is asked for", async () => {
      const tries = await ssh("root", ["true"], ["PubkeyAuthentication=no", "NumberOfPasswordPrompts=1"]);
      assert.equal(tries.exitCode, 255);
      assert.match(tries.stderr, /Permission denied \(publickey\)/);
      assert.match(await shell("passwd --status root"), /^root L/);
    });

    test("a person of mailstack:sudoUsers logs in with each of the keys and is root by sudo", async () => {
      declare([{ name: "tech", authorizedKeys: [publicKey("first"), publicKey("second")] }]);
      assertOneUpdate((await server.up()).summary);
      for (const name of ["first", "second"]) {
        const answer = await withKey("tech", name, "sudo", "-n", "id", "-un");
        assert.equal(answer.stdout, "root", answer.stderr);
      }
      assert.equal((await withKey("tech", "own", "true")).exitCode, 255);
      assert.equal((await withKey("root", "first", "true")).exitCode, 255, "the key is not root's");
      assert.match((await withKey("tech", "first", "head", "-n", "1", "/var/log/mail.log")).stdout, /\d/);
    });

    test("a key that is taken out of the list is refused, and so is one that the person has put there", async () => {
      await shell(`install -d -o tech -g tech -m 0700 /home/tech/.ssh
        printf '%s\\n' '${publicKey("own")}' > /home/tech/.ssh/authorized_keys; chown tech: /home/tech/.ssh/authorized_keys`);
      assert.equal((await withKey("tech", "own", "true")).exitCode, 255);
      declare([{ name: "tech", authorizedKeys: [publicKey("second")] }]);
      assertOneUpdate((await server.up()).summary);
      assert.equal((await withKey("tech", "first", "true")).exitCode, 255);
      assert.equal((await withKey("tech", "second", "sudo", "-n", "true")).exitCode, 0);
    });

    test("a person who is taken out of the list cannot log in; the files stay", async () => {
      server.restoreConfig();
      assertOneUpdate((await server.up()).summary);
      for (const name of ["second", "own"]) assert.equal((await withKey("tech", name, "true")).exitCode, 255);
      assert.notEqual((await server.system.exec(["su", "tech", "-c", "sudo -n true"])).exitCode, 0);
      await shell("test -d /home/tech/.ssh");
    });

    test("passwords that another file allows are refused at the next change; the running sshd is as before", async () => {
      const other = "/etc/ssh/sshd_config.d/00-a-stranger.conf";
      const bundle = await bundleOf(server, "access");
      await shell(`echo 'PasswordAuthentication yes' > ${other}`);
      try {
        const file = bundle.files["/etc/sudoers.d/mailstack"]!;
        const next = { ...bundle.files, "/etc/sudoers.d/mailstack": { ...file, content: `${file.content}# more\n` } };
        const applied = await apply(server, { ...bundle, files: next });
        assert.equal(applied.exitCode, 1, applied.stderr);
        assert.match(applied.stderr, /"passwordauthentication no" does not hold.*everything was put back/s);
      } finally {
        await shell(`rm ${other}`);
      }
      await assertWhole(server);
    });

    test("sixty logins at the same time: none is turned away", async () => {
      try {
        const greetings = await server.peer.system.must(["python3", "-c", halfOpen, server.ipv4, "60"]);
        assert.deepEqual([...new Set(greetings.trim().split("\n"))], ["SSH-2.0-"]);
      } finally {
        // OpenSSH 10 remembers who did not log in.
        await shell("systemctl restart ssh.service");
      }
    });
  });
}

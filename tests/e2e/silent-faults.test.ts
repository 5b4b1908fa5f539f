import assert from "node:assert/strict";
import { basename, dirname } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Bundle } from "../../components/deployment/bundle";
import { apply, applyWell, assertDelivers, assertWhole, bundleOf, changed } from "./support/applier";
import { untilWell } from "./support/linode";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const database = "/var/lib/mailserver/mail.db";
const signing = "/etc/rspamd/local.d/dkim_signing.conf";

/** Faults during which every daemon runs, or systemd says that it does. */
for (const os of everySystem) {
  describe(`silent faults on ${os}`, () => {
    let server: Server;
    let rspamd: Bundle;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    /** Names and words of what `mailstack status` finds bad. */
    const bad = async () => {
      const { stdout } = await server.system.exec(["mailstack", "status", "--json"]);
      const entries = JSON.parse(stdout) as { check: string; ok: boolean; detail: string }[];
      return Object.fromEntries(entries.filter(({ ok }) => !ok).map(({ check, detail }) => [check, detail]));
    };
    before(async () => {
      server = await serverFor(os);
      rspamd = await bundleOf(server, "rspamd");
      await untilWell(server);
    });
    after(async () => {
      await untilWell(server);
      await assertWhole(server);
    });

    test("Postfix's master killed for good: status finds every door of it closed, whatever systemd says", async () => {
      const { postfixUnit } = server;
      const dropIn = `/run/systemd/system/${postfixUnit}.d/zz-test.conf`;
      await shell(`mkdir -p $(dirname ${dropIn}); printf '[Service]\\nRestart=no\\n' > ${dropIn}; systemctl daemon-reload
        kill -KILL $(cat /var/spool/postfix/pid/master.pid)`);
      try {
        const found = await bad();
        for (const door of ["smtp 25", "smtp IPv6", "submission 587", "submissions 465"])
          assert.match(found[door] ?? "well", /refused/i, door);
      } finally {
        await shell(`rm ${dropIn}; systemctl daemon-reload; systemctl reset-failed ${postfixUnit} || :
          systemctl restart ${postfixUnit}`);
      }
      await untilWell(server);
    });

    test("a timer that somebody stopped, or that will not come back with a reboot: status names it", async () => {
      await shell("systemctl stop certbot.timer");
      try {
        assert.equal((await bad()).units, "certbot.timer is inactive, should run");
        await shell("systemctl start certbot.timer; systemctl disable certbot.timer");
        assert.equal((await bad()).units, "certbot.timer is disabled: it will not run after a reboot");
      } finally {
        await shell("systemctl enable --now certbot.timer");
      }
      assert.deepEqual(await bad(), {});
    });

    test("a DKIM key that Rspamd cannot read: status says which, before the next restart forgets the key", async () => {
      const key = `/var/lib/mailstack/dkim/${server.domain}.*.key`;
      await shell(`chown root:root ${key}; chmod 0600 ${key}`);
      try {
        assert.match(
          (await bad()).dkim ?? "well",
          /^Rspamd cannot read \/var\/lib\/mailstack\/dkim\/.*without a signature$/,
        );
      } finally {
        await shell(`chown root:_rspamd ${key}; chmod 0640 ${key}`);
      }
      assert.deepEqual(await bad(), {});
    });

    test("a DKIM key that is gone, or another one than was published: status and verify name it", async () => {
      // Keys of selectors of before stay; it is the one that signs.
      const key = /\/var\/lib\/mailstack\/dkim\/[^"\s;]+/.exec(await shell("cat /etc/rspamd/dkim_domains.inc"))?.[0];
      assert.ok(key);
      await shell(`cp -p ${key} /root/kept.key`);
      for (const [spoil, words] of [
        [`rm ${key}`, "is missing"],
        [`openssl genrsa 2048 > ${key}`, "is not the key that was published"],
      ]) {
        await shell(spoil!);
        try {
          assert.match((await bad()).dkim ?? "well", /without a signature|is not the key that was published/);
          const verified = await server.system.exec(["mailstack", "verify"]);
          assert.equal(verified.exitCode, 3);
          assert.match(verified.stdout, new RegExp(`rspamd: ${key} .*${words}`));
        } finally {
          await shell(`cp -p /root/kept.key ${key}`);
        }
      }
      await shell("rm /root/kept.key");
      assert.deepEqual(await bad(), {});
    });

    test("a DKIM key where older versions had it comes by one deployment: the same key signs on, and the next takes the copy away", async () => {
      const key = /\/var\/lib\/mailstack\/dkim\/[^"\s;]+/.exec(await shell("cat /etc/rspamd/dkim_domains.inc"))?.[0];
      assert.ok(key);
      const before = `/var/lib/rspamd/dkim/${basename(key)}`;
      const published = await shell(`sha256sum < ${key}; cat ${key.replace(/key$/, "record")}`);
      await shell(`install -d -o _rspamd -g _rspamd -m 0750 ${dirname(before)}
        mv ${key} ${before}; rm ${key.replace(/key$/, "record")}`);
      try {
        const other = changed(rspamd, "/etc/rspamd/local.d/redis.conf", (text) => `${text}# of another version\n`);
        assert.match((await applyWell(server, other)).stdout, /"outputs"/);
        assert.equal(await shell(`sha256sum < ${key}; cat ${key.replace(/key$/, "record")}`), published);
        assert.equal(await shell(`stat -c '%U:%G %a' ${key}`), "root:_rspamd 640\n");
        await shell(`test -f ${before}`);
      } finally {
        await applyWell(server, rspamd);
      }
      await shell(`test ! -e ${before}`);
      // It asks Rspamd for a signature of each domain.
      assert.deepEqual(await bad(), {});
    });

    test("flipped bytes in the database of accounts: status and verify name it", async () => {
      const flip = `with open("${database}", "r+b", buffering=0) as file:
    content = file.read()
    place = content.index(b"{SHA512-CRYPT}") + 60
    file.seek(place)
    file.write(bytes(byte ^ 255 for byte in content[place : place + 4]))
`;
      for (const turn of ["flipped", "flipped back"]) {
        await server.system.must(["python3", "-c", flip]);
        const verified = await server.system.exec(["mailstack", "verify"]);
        if (turn === "flipped") {
          assert.match((await bad()).accounts ?? "well", new RegExp(`^${database} is damaged: users\\.`));
          assert.match(verified.stdout, new RegExp(`accounts: ${database} is damaged: users\\.`));
        } else assert.equal(verified.stdout, "");
      }
      assert.deepEqual(await bad(), {});
    });

    test("a Rspamd that does not sign, although it could: status says so", async () => {
      await shell(`sed -i 's/^sign_local = true/sign_local = false/' ${signing}; systemctl reload rspamd`);
      const settled = async () => (await bad()).dkim ?? "well";
      try {
        await until("status finds it", async () => (await settled()) !== "well");
        assert.match(await settled(), /^mail of .* leaves without a signature; see journalctl/);
      } finally {
        await shell(`sed -i 's/^sign_local = false/sign_local = true/' ${signing}; systemctl reload rspamd`);
      }
      await untilWell(server);
    });

    test("a database of accounts that Postfix cannot read: status says so, also where port 25 greets as ever", async () => {
      await shell(`chmod 0600 ${database}; postfix reload`);
      try {
        assert.match((await bad()).accounts ?? "well", /^Postfix does not find /);
      } finally {
        // The restart, because the master waits a minute before it starts a failing proxymap again.
        await shell(`chmod 0660 ${database}; systemctl restart ${server.postfixUnit}`);
      }
      await untilWell(server);
    });

    test("a program that sets the database to WAL stops neither mail nor changes; it goes back when nobody reads", async () => {
      const mode = async () => (await shell(`sqlite3 ${database} 'PRAGMA journal_mode'`)).trim();
      const good = await bundleOf(server, "accounts");
      const more = structuredClone(good);
      more.accounts!.users.push({ address: server.address("wal"), quotaMb: 100, passwordVersion: 1 });
      assert.equal((await shell(`sqlite3 ${database} 'PRAGMA journal_mode=WAL'`)).trim(), "wal");
      const readers = `${server.postfixUnit} dovecot.service mailstack-mailbox-quota.socket mailstack-mailbox-quota.service`;
      try {
        await shell("postfix reload; doveadm reload");
        await assertDelivers(server);
        await applyWell(server, more);
        assert.equal(await mode(), "wal", "nobody had it open");
        const letter = { from: "friend@peer.example", to: server.address("wal"), server: server.hostname };
        const sent = await server.peer.send({ ...letter, subject: `wal ${os}` });
        assert.equal(sent.code, 250, sent.transcript);
      } finally {
        await shell(`systemctl stop ${readers}; mailstack user list; systemctl start ${readers}`);
      }
      assert.equal(await mode(), "delete");
      await untilWell(server);
      await applyWell(server, good);
      await server.system.must(["mailstack", "user", "purge", server.address("wal"), "--yes"]);
      await assertDelivers(server);
    });

    test("a setting of Rspamd that its own check passes, and that closes its door: everything is put back", async () => {
      const proxy = "/etc/rspamd/local.d/worker-proxy.inc";
      const elsewhere = changed(rspamd, proxy, (text) => text.replace("127.0.0.1:11332", "192.0.2.1:11332"));
      const health = elsewhere.health!.map((check) => ({ ...check, timeoutSeconds: 3 }));
      const applied = await apply(server, { ...elsewhere, health });
      assert.equal(applied.exitCode, 1, applied.stderr);
      assert.match(applied.stderr, /nothing listens on 127\.0\.0\.1:11332/);
      assert.match(applied.stderr, /everything was put back/);
      await untilWell(server);
      await assertWhole(server);
      await assertDelivers(server);
    });
  });
}

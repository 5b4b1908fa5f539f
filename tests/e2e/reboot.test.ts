import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertDelivers, assertNewSizeLimit, assertWhole, failingUp, mainCf } from "./support/applier";
import { reboot, untilWell } from "./support/linode";
import { everySystem, serverFor, type Server } from "./support/servers";

for (const os of everySystem) {
  describe(`reboot on ${os}`, () => {
    let server: Server;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
    });

    test("everything is back without a hand: services, firewall, swap, resolver, bans; mail comes and goes", async () => {
      const stranger = "203.0.113.99";
      await shell(`fail2ban-client set postfix banip ${stranger}; fail2ban-client set postfix bantime 1h`);
      await reboot(server);
      await untilWell(server);
      await assertWhole(server);
      assert.match(await shell("ufw status"), /Status: active/);
      assert.match(await shell("cat /proc/swaps"), /\/var\/swap\/mailstack /);
      assert.match(await shell("cat /etc/resolv.conf"), /nameserver 127\.0\.0\.1/);
      assert.match(await shell("fail2ban-client get postfix banip"), new RegExp(stranger.replaceAll(".", "\\.")));
      await shell(`fail2ban-client unban ${stranger}; fail2ban-client reload`);
      await assertDelivers(server);
      const subject = `sent after the boot ${os} ${Date.now()}`;
      const login = await server.login("ceo");
      const letter = { from: server.address("ceo"), to: "friend@peer.example", subject };
      const sent = await server.peer.send({ ...letter, server: server.hostname, port: 587, tls: "required", ...login });
      assert.equal(sent.code, 250, sent.transcript);
      assert.equal((await server.peer.received({ subject })).verdicts?.dkim, "pass");
    });

    test("nothing of the boot is drift: the next up changes nothing", async () => {
      const { summary } = await server.up();
      assert.deepEqual(Object.keys(summary), ["same"], JSON.stringify(summary));
    });

    test("no daemon requires another: Postfix restarts without Dovecot, which starts first at boot", async () => {
      const started = (unit: string) =>
        shell(`systemctl show --value -p ActiveEnterTimestampMonotonic ${unit}`).then(Number);
      assert.ok((await started("dovecot.service")) <= (await started(server.postfixUnit)));
      const dovecot = await shell("systemctl show --value -p MainPID dovecot.service");
      await shell(`systemctl restart ${server.postfixUnit}`);
      assert.equal(await shell("systemctl show --value -p MainPID dovecot.service"), dovecot);
      for (const unit of ["dovecot.service", "rspamd.service", server.postfixUnit])
        assert.doesNotMatch(
          await shell(`systemctl show --value -p Requires -p BindsTo ${unit}`),
          /dovecot|postfix[^-]*\.service|rspamd/,
        );
    });

    test("in the middle of an up: that up fails; when the host is back, the next one makes it whole", async () => {
      server.stack.configure((config) => config.setIn(["config", "mailstack:messageSizeLimitMb"], 43));
      // It stops with files swapped and Postfix not told, and is still there when the host goes down.
      const middle = `for try in $(seq 3000); do
          if ls -A /var/lib/mailstack/journal | grep -q . && grep -q 'size_limit = 45088768' ${mainCf}; then
            pkill -STOP -f '[m]ailstack apply postfix'; exit 0
          fi
          sleep 0.01
        done; exit 1`;
      const caught = shell(middle);
      const failing = failingUp(server);
      await caught;
      await reboot(server);
      await failing;
      await untilWell(server);
      await assertDelivers(server);
      const { summary } = await server.up();
      assertNewSizeLimit(summary);
      assert.match(await shell("postconf -h message_size_limit"), /^45088768$/m);
      await assertWhole(server);
      await assertDelivers(server);
    });
  });
}

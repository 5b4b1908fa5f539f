import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systems, type SystemName } from "../../components/deployment/systems";
import { makeUpgradeRepository } from "./support/upgrade-repository";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

/** What `systemd-analyze security` gives at most, of 10; without the drop-ins 8.5 to 9.6, Redis apart. */
const exposure: Record<string, number> = {
  dovecot: 3.6,
  fail2ban: 2.8,
  nginx: 3.4,
  "redis-server": 1.2,
  rspamd: 1.6,
  unbound: 3.1,
};
const postfixExposure = 3.5;
const phpExposure = 4.5;

for (const os of everySystem) {
  describe(`hardening on ${os}`, () => {
    let server: Server;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;
    before(async () => {
      server = await serverFor(os);
    });

    test("each daemon's sandbox is as tight as it was measured", async () => {
      const limits = {
        ...exposure,
        [server.postfixUnit]: postfixExposure,
        [systems[os as SystemName].phpFpmUnit]: phpExposure,
      };
      for (const [unit, limit] of Object.entries(limits)) {
        const analysis = await shell(`systemd-analyze security --no-pager ${unit} | tail -n 1`);
        const level = Number(/: (\d+\.\d)/.exec(analysis)?.[1]);
        assert.ok(level <= limit, `${unit}: ${analysis}`);
      }
    });

    test("Sieve still forwards from inside the sandbox: postdrop is setgid", async () => {
      const home = `/var/vmail/${server.domain}/tech`;
      const subject = `forwarded ${os} ${Date.now()}`;
      await shell(`install -d -o vmail -g vmail -m 0700 ${home} ${home}/sieve
        printf 'redirect "friend@peer.example";\\n' > ${home}/sieve/away.sieve
        ln -sfn sieve/away.sieve ${home}/.dovecot.sieve; chown -hR vmail: ${home}/sieve ${home}/.dovecot.sieve`);
      try {
        const letter = { from: "friend@peer.example", to: server.address("tech"), subject };
        const { id } = await server.peer.sendThroughExim(letter);
        await server.peer.delivered(id);
        const forwarded = await server.peer.received({ subject });
        assert.match(JSON.stringify(forwarded), new RegExp(server.hostname.replaceAll(".", "\\.")));
      } finally {
        await shell(`rm -r ${home}/.dovecot.sieve ${home}/sieve`);
      }
    });

    test("the network's settings are in force, and IPv6 is as the provider needs it", async () => {
      const values = await shell(`sysctl net.ipv4.conf.default.send_redirects net.ipv4.conf.all.accept_redirects \\
        net.ipv4.conf.default.rp_filter net.ipv6.conf.default.accept_source_route net.ipv6.conf.all.disable_ipv6`);
      assert.equal(
        values,
        `net.ipv4.conf.default.send_redirects = 0
net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.default.rp_filter = 1
net.ipv6.conf.default.accept_source_route = 0
net.ipv6.conf.all.disable_ipv6 = 0
`,
      );
      // The kernel's own are the machine's here; systemd finds no fault in the file.
      const applied = await server.system.exec([
        "/usr/lib/systemd/systemd-sysctl",
        "/etc/sysctl.d/60-mailstack-kernel.conf",
      ]);
      assert.equal(applied.exitCode, 0, applied.stderr);
    });

    test("the clock: NTP is enabled; in a container its own condition leaves it to the machine, and status says so", async () => {
      assert.equal(await shell("systemctl is-enabled systemd-timesyncd.service"), "enabled\n");
      const state = "systemctl show --property=ConditionResult --property=ActiveState systemd-timesyncd.service | sort";
      assert.equal(await shell(state), "ActiveState=inactive\nConditionResult=no\n");
      assert.match(await status(), /ok {3}clock +that of the machine around this container/);
    });

    describe("upgrades", () => {
      const folder = "/var/tmp/mailstack-upgrade-test";
      after(async () => {
        await shell(`dpkg --purge mailstack-test-security mailstack-test-other 2>/dev/null
          rm -rf ${folder} /run/reboot-required /run/reboot-required.pkgs`);
      });

      test("a security update is installed, others are not; the administrator gets a mail about the reboot", async () => {
        const codename = os === "debian12" ? "bookworm" : "trixie";
        await shell(makeUpgradeRepository(folder, codename));
        const version = async (name: string) => shell(`dpkg-query -W -f '\${Version}' mailstack-test-${name}`);
        assert.deepEqual([await version("security"), await version("other")], ["1", "1"]);
        const mails = `/var/vmail/${server.domain}/admin/Maildir`;
        const environment = { APT_CONFIG: `${folder}/apt.conf` };
        await server.system.must(["apt-get", "update", "-qq"], { environment });
        await server.system.must(["unattended-upgrade"], { environment, timeout: 300_000 });
        assert.deepEqual([await version("security"), await version("other")], ["2", "1"]);
        let subject = "";
        await until("the mail is there", async () => {
          const found = await server.system.exec(["grep", "-rhs", "^Subject: .*unattended-upgrades result", mails]);
          subject = found.stdout;
          return /reboot required/.test(subject);
        });
        assert.match(subject, /^Subject: \[reboot required\] unattended-upgrades result/m);
        assert.match(await status(), /ok {3}upgrades .*; the host must be rebooted/);
      });

      test("they come every night; with the timer off, status says so", async () => {
        for (const timer of ["apt-daily.timer", "apt-daily-upgrade.timer"])
          assert.equal(await shell(`systemctl is-enabled ${timer}; systemctl is-active ${timer}`), "enabled\nactive\n");
        await shell("systemctl stop apt-daily-upgrade.timer");
        try {
          assert.match(await status(), /BAD {2}upgrades +apt-daily-upgrade\.timer does not run/);
        } finally {
          await shell("systemctl start apt-daily-upgrade.timer");
        }
      });
    });
  });
}

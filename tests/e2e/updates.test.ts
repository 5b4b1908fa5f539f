import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { everySystem, serverFor, type Server } from "./support/servers";
import { makeConffileRepository } from "./support/upgrade-repository";

/** A file of the package rsyslog that Mailstack has a text of its own for. */
const changed = "/etc/logrotate.d/rsyslog";
const folder = "/var/tmp/mailstack-conffile-test";

for (const os of everySystem) {
  describe(`security updates on ${os}`, () => {
    let server: Server;
    const shell = (script: string) => server.system.must(["sh", "-ec", script], { timeout: 300_000 });
    const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;
    const version = () => shell("dpkg-query -W -f '${Version}' rsyslog");
    const upgrade = () =>
      server.system.must(["unattended-upgrade"], {
        environment: { APT_CONFIG: `${folder}/apt.conf` },
        timeout: 300_000,
      });
    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      await shell(`dpkg --purge mailstack-test-held; rm -rf ${folder} ${changed}.dpkg-dist
        rm -f /var/lib/unattended-upgrades/kept-back`);
    });

    test("a host that was just made has no open security updates", async () => {
      const open = await shell("apt-get -s -q dist-upgrade | grep -E '^Inst .*-security' || true");
      assert.equal(open, "");
    });

    test("an update of a package with a file that we changed is installed, and our file stays", async () => {
      const codename = os === "debian12" ? "bookworm" : "trixie";
      await shell(makeConffileRepository(folder, codename));
      await server.system.must(["apt-get", "update", "-q"], { environment: { APT_CONFIG: `${folder}/apt.conf` } });
      const text = await shell(`cat ${changed}`);
      await upgrade();
      assert.match(await version(), /\+mailstack1$/);
      assert.equal(await shell(`cat ${changed}`), text);
      assert.equal((await server.system.exec(["mailstack", "verify", "logs"])).exitCode, 0);
      assert.match(await status(), /ok {3}logs /);
    });

    test("status names an update that is held back, until it is installed or gone", async () => {
      assert.match(await status(), /warn upgrades +security updates are held back: mailstack-test-held; /);
      await shell("dpkg --purge mailstack-test-held");
      await upgrade();
      assert.match(await status(), /ok {3}upgrades /);
    });
  });
}

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { everySystem, serverFor, type Server } from "./support/servers";
import { changedPackages, makeConffileRepository } from "./support/upgrade-repository";

const folder = "/var/tmp/mailstack-conffile-test";

for (const os of everySystem) {
  describe(`security updates on ${os}`, () => {
    let server: Server;
    const shell = (script: string) => server.system.must(["sh", "-ec", script], { timeout: 300_000 });
    const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;
    const upgrade = () =>
      server.system.must(["unattended-upgrade"], {
        environment: { APT_CONFIG: `${folder}/apt.conf` },
        timeout: 300_000,
      });
    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      await shell(`dpkg --purge mailstack-test-held; rm -rf ${folder}; find /etc -name '*.dpkg-dist' -delete
        rm -f /var/lib/unattended-upgrades/kept-back`);
    });

    test("a host that was just made has no open security updates", async () => {
      const open = await shell("apt-get -s -q dist-upgrade | grep -E '^Inst .*-security' || true");
      assert.equal(open, "");
    });

    test("updates of all packages with files that we changed are installed, our files stay and the services run", async () => {
      const codename = os === "debian12" ? "bookworm" : "trixie";
      const packages = await changedPackages(server.system);
      const names = packages.map(({ name }) => name);
      for (const known of ["redis-server", "rsyslog", "ufw"]) assert.ok(names.includes(known), names.join());
      const paths = packages.flatMap((one) => one.paths);
      // Another one when the host has seen this test before.
      const suffix = `+mailstack${Date.now()}`;
      await shell(makeConffileRepository(folder, codename, packages, suffix));
      await server.system.must(["apt-get", "update", "-q"], { environment: { APT_CONFIG: `${folder}/apt.conf` } });
      const texts = await shell(`sha256sum ${paths.join(" ")}`);
      await upgrade();
      const versions = await shell(`dpkg-query --show --showformat '\${Package} \${Version}\n' ${names.join(" ")}`);
      assert.deepEqual(
        versions.split("\n").filter((line) => line && !line.endsWith(suffix)),
        [],
      );
      assert.equal(await shell(`sha256sum ${paths.join(" ")}`), texts);
      assert.equal((await server.system.exec(["mailstack", "verify"])).exitCode, 0);
      assert.equal(
        (await status())
          .split("\n")
          .filter((line) => line.startsWith("BAD"))
          .join("\n"),
        "",
      );
    });

    test("status names an update that is held back, until it is installed or gone", async () => {
      assert.match(await status(), /warn upgrades +security updates are held back: mailstack-test-held; /);
      await shell("dpkg --purge mailstack-test-held");
      await upgrade();
      assert.match(await status(), /ok {3}upgrades /);
    });
  });
}

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { bundleOf } from "../../components/deployment/define-service";
import { ufwOf } from "../../components/services/ufw";
import { addresses } from "../../local-cloud/contracts";
import { CloudFirewall } from "./support/cloud-firewall";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const allowed = [22, 25, 80, 443, 465, 587, 993, 995];

for (const os of oneSystem("rules are tried, confirmed and taken back by our own program and a timer of systemd")) {
  describe(`changes of ufw's rules on ${os}`, () => {
    let server: Server;
    let cloudFirewall: CloudFirewall;

    before(async () => {
      server = await serverFor(os);
      cloudFirewall = await CloudFirewall.of(server);
      await cloudFirewall.open();
    });
    after(() => cloudFirewall.close());

    const newConnection = async () => {
      const { stdout } = await server.inCloud(["ssh-keyscan", "-T", "3", "-t", "ed25519", server.ipv4]);
      return stdout.includes("ssh-ed25519");
    };

    test("changed rules arrive in one step, and a new connection confirms them", async () => {
      server.stack.configure((config) => config.setIn(["config", "mailstack:manageSieve"], true));
      await server.up();
      assert.match(await server.system.must(["ufw", "status"]), /4190\/tcp +ALLOW +Anywhere/);
      await server.system.must(["test", "!", "-e", "/var/lib/mailstack/firewall/pending"]);
      server.restoreConfig();
      await server.up();
    });

    test("a deployer with a new address gets in by the setting alone; people elsewhere do not", async () => {
      const moved = "198.51.100.77";
      const ip = async (...words: string[]) => {
        const ran = await server.inCloud(["ip", ...words]);
        assert.equal(ran.exitCode, 0, ran.stderr);
        return ran.stdout;
      };
      const device = /dev (\S+)/.exec(await ip("route", "get", server.ipv4))?.[1];
      assert.ok(device);
      const comeFrom = (address: string) =>
        ip("route", "replace", server.ipv4, "dev", device, "scope", "link", "src", address);
      const only = async (address: string) => {
        server.stack.configure((config) => config.setIn(["config", "mailstack:sshAllowedCidrs"], [`${address}/32`]));
        return (await server.up()).summary;
      };
      // The provider's firewall, as it is in production.
      await cloudFirewall.close();
      try {
        assert.equal((await only(addresses.gateway)).update, 2);
        await ip("address", "add", `${moved}/32`, "dev", "lo");
        await comeFrom(moved);
        assert.equal(await newConnection(), false, "the address is not let in yet");
        assert.equal((await only(moved)).update, 2);
        assert.equal(await newConnection(), true);
        const understood = async (address: string) =>
          server.system.must(["sshd", "-T", "-C", `user=tech,host=x,addr=${address}`]);
        assert.match(await understood(addresses.gateway), /^allowusers root$/m);
        assert.doesNotMatch(await understood(moved), /^allowusers/m);
      } finally {
        await comeFrom(addresses.gateway);
        await server.inCloud(["ip", "address", "delete", `${moved}/32`, "dev", "lo"]);
        server.restoreConfig();
        // Another `up` would be shut out here: the setting of before is put back where it shuts.
        await cloudFirewall.close();
        await server.up(["--refresh"]);
      }
    });

    test("rules that lock the deployer out are taken back within a minute", async () => {
      const bundle = (shut: boolean) => {
        const made = bundleOf(ufwOf(allowed.slice(1).map((port) => ({ name: `port-${port}`, port }))), { ipv6: true });
        const rules = made.files["/etc/ufw/user.rules"]!;
        if (shut) rules.content = rules.content.replace("--dport 22 ", "--dport 22 -s 192.0.2.0/24 ");
        return JSON.stringify(made);
      };
      const apply = (text: string) => server.system.must(["mailstack", "apply", "ufw"], { input: text });
      await apply(bundle(true));
      const start = Date.now();
      assert.equal(await newConnection(), false, "the new rules let the deployer in");
      assert.match((await server.system.exec(["mailstack", "status"])).stdout, /BAD {2}firewall +.*not confirmed/);
      while (!(await newConnection())) assert.ok(Date.now() < start + 75_000, "still locked out");
      // The port opens before the last file is written.
      const pending = ["test", "-e", "/var/lib/mailstack/firewall/pending"];
      await until("the roll-back is over", async () => (await server.system.exec(pending)).exitCode !== 0);
      const verified = await server.system.exec(["mailstack", "verify", "ufw"]);
      assert.match(verified.stdout, /user\.rules content was changed/);

      const late = await server.system.exec(["mailstack", "firewall", "confirm"]);
      assert.equal(late.exitCode, 1);
      assert.match(late.stderr, /former rules were put back/);
      assert.equal(await newConnection(), false, "they are tried once more");
      await server.system.must(["mailstack", "firewall", "rollback"]);
      await apply(bundle(false));
      assert.equal(await newConnection(), true);
      await server.system.must(["mailstack", "firewall", "confirm"]);
      const { summary } = await server.up();
      assert.deepEqual(Object.keys(summary), ["same"], JSON.stringify(summary));
    });
  });
}

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { instanceId, linode } from "./support/linode";
import { oneSystem, serverFor, type Server } from "./support/servers";

interface Listed<T> {
  data: T[];
}

for (const os of oneSystem("the firewall is the provider's")) {
  describe(`the provider's firewall of a host on ${os}`, () => {
    let server: Server;
    let host: number;
    const call = <T>(method: string, path: string) => linode<T>(server, method, `networking/firewalls${path}`);
    /** The firewall, its rules, and its link to the host; undefined where there is none. */
    const look = async () => {
      const { data } = await call<Listed<{ id: number; label: string; rules: object }>>("GET", "");
      const found = data.find(({ label }) => label === server.hostname.slice(0, 32));
      if (!found) return undefined;
      const devices = await call<Listed<{ id: number; entity: { id: number } }>>("GET", `/${found.id}/devices`);
      const link = devices.data.find(({ entity }) => entity.id === host)?.id;
      return { id: found.id, link, rules: await call<object>("GET", `/${found.id}/rules`) };
    };
    const refreshed = async () => {
      const { summary } = await server.up(["--refresh"]);
      const again = await server.up(["--refresh", "--expect-no-changes"]);
      assert.deepEqual(Object.keys(again.summary), ["same"], JSON.stringify(again.summary));
      return summary;
    };
    before(async () => {
      server = await serverFor(os);
      host = await instanceId(server);
    });

    test("taken from the host in the console: a refresh shows it, an up puts it back", async () => {
      const there = await look();
      assert.ok(there?.link, JSON.stringify(there));
      await call("DELETE", `/${there.id}/devices/${there.link}`);
      assert.equal((await look())?.link, undefined);
      const preview = await server.stack.pulumi(["preview", "--refresh", "--diff"]);
      assert.match(preview.stdout, /firewall-device/);
      assert.equal((await refreshed()).create, 1);
      assert.ok((await look())?.link);
    });

    test("deleted in the console: an up makes it anew, with its rules, and the host stays", async () => {
      const there = await look();
      assert.ok(there);
      await call("DELETE", `/${there.id}`);
      assert.equal(await look(), undefined);
      assert.equal((await refreshed()).create, 2);
      const made = await look();
      assert.ok(made?.link, JSON.stringify(made));
      assert.deepEqual(made.rules, there.rules);
      assert.equal(await instanceId(server), host);
    });
  });
}

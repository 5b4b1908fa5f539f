import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { defaultTokens, zoneId } from "../../local-cloud/api";
import { assertValid, forceRenewal, served, servedSerial, tlsPorts } from "./support/certificates";
import { zoneRecords } from "./support/cloudflare-api";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

/** A zone that no system's own stack uses. */
const other = "third.example";
const record = "/var/lib/mailstack/certificate.json";

for (const os of oneSystem("which names are asked for is decided by our own program, before certbot is called")) {
  describe(`names that do not lead to the host on ${os}`, () => {
    let server: Server;
    const names = () => [`autoconfig.${other}`, `autodiscover.${other}`];
    const shell = (script: string) => server.system.must(["sh", "-ec", script], { timeout: 180_000 });
    const certified = async () => await served(server, [443, undefined], "-ext", "subjectAltName");
    const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;
    /** Where the aliases of the other domain lead, as its owner changes them elsewhere. */
    const leadTo = async (content: string) => {
      for (const name of names()) {
        const path = `?type=CNAME&name=${name}`;
        const [found] = (await zoneRecords<{ id: string }[]>(server, defaultTokens.cloudflare, other, { path })).result;
        await zoneRecords(server, defaultTokens.cloudflare, other, {
          ...{ method: "PATCH", path: `/${found!.id}`, body: { content } },
        });
      }
      // As long as a record may be remembered.
      await shell(`unbound-control flush_zone ${other} >/dev/null 2>&1 || systemctl restart unbound`);
    };
    const assertLost = async () => {
      const held = await certified();
      for (const name of names()) assert.doesNotMatch(held, new RegExp(`DNS:${name}\\b`));
      for (const name of [server.hostname, `webmail.${server.domain}`, `autoconfig.${server.domain}`])
        assert.match(held, new RegExp(`DNS:${name}\\b`));
      assert.match(await status(), new RegExp(`warn names +left out: .*${names().join(" ")}; make these names lead`));
    };

    before(async () => {
      server = await serverFor(os);
      server.stack.configure((config) => {
        config.setIn(["config", "mailstack:domains"], [{ name: other, cloudflareZoneId: zoneId(other) }]);
        config.setIn(["config", "mailstack:mtaSts"], "none");
      });
      await server.up();
    });
    after(async () => {
      await leadTo(server.hostname);
      server.restoreConfig();
      await server.up();
    });

    test("a hosted domain that leads elsewhere does not stop the renewal: the other names renew, status names the lost", async () => {
      for (const name of names()) assert.match(await certified(), new RegExp(`DNS:${name}\\b`));
      const old = await servedSerial(server);
      await leadTo("mail.peer.example");
      await forceRenewal(server);
      assert.notEqual(await servedSerial(server), old);
      await assertLost();
      for (const port of tlsPorts) await assertValid(server, port, server.hostname);
    });

    test("an up that asks for a certificate goes through without them, and the next changes nothing", async () => {
      // As on a new host, which has a self-signed one.
      await shell(`rm /etc/ssl/mailstack/live; /usr/local/libexec/mailstack/self-signed
        certbot delete --non-interactive --cert-name ${server.hostname}`);
      server.stack.configure((config) => config.setIn(["config", "mailstack:mtaSts"], "testing"));
      await server.up();
      await assertLost();
      assert.match(await certified(), new RegExp(`DNS:mta-sts.${other}`));
      assert.deepEqual(Object.keys((await server.up()).summary), ["same"]);
    });

    test("the host itself asks for them again when they lead to it, a day after the refusal, and not before", async () => {
      const old = await servedSerial(server);
      const look = () => shell("systemctl start mailstack-certificate.service");
      await shell(`sed -i -E 's/(": )[0-9.]+/\\11.0/' ${record}`);
      await look();
      assert.equal(await servedSerial(server), old, "asked the authority for names that lead elsewhere");
      await leadTo(server.hostname);
      await look();
      await until("every name is in the certificate", async () => {
        const held = await certified();
        return names().every((name) => held.includes(`DNS:${name}`));
      });
      assert.match(await status(), /ok {3}names +\d+ names in the certificate/);
      const now = await servedSerial(server);
      await look();
      assert.equal(await servedSerial(server), now);
    });
  });
}

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { apiNames, defaultTokens, limitedAcmeDirectory, zoneToken } from "../../local-cloud/api";
import { addresses } from "../../local-cloud/contracts";
import { assertDelivers, failingUp } from "./support/applier";
import { assertValid, forceRenewal, served, servedSerial, tlsPorts } from "./support/certificates";
import { zoneRecords } from "./support/cloudflare-api";
import { statusOf } from "./support/status";
import { everySystem, serverFor, type Server } from "./support/servers";

for (const os of everySystem) {
  describe(`certificates on ${os}`, () => {
    let server: Server;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const configure = (values: Record<string, unknown>) =>
      server.stack.configure((config) => {
        for (const [name, value] of Object.entries(values)) config.setIn(["config", `mailstack:${name}`], value);
      });
    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      server.restoreConfig();
      await server.system.exec(["ip", "route", "del", "unreachable", addresses.apis]);
      await server.up();
    });

    test("dns-01: one certificate for the domain and every name below it, on every port", async () => {
      configure({ certificate: "dns-01" });
      await server.stack.setSecret("mailstack:certificateDnsToken", zoneToken(server.domain));
      await server.up();
      const names = (await served(server, [25, "smtp"], "-ext", "subjectAltName")).match(/DNS:\S+[^,\s]/g);
      assert.deepEqual(names?.sort(), [`DNS:*.${server.domain}`, `DNS:${server.domain}`]);
      for (const port of tlsPorts) await assertValid(server, port, server.hostname);
      await assertValid(server, [443, undefined], `webmail.${server.domain}`);
      await assertValid(server, [993, undefined], `anything.${server.domain}`);
      await assertValid(server, [993, undefined], server.domain);
      const left = await server.inCloud([
        "dig",
        "+short",
        `@${addresses.dns}`,
        `_acme-challenge.${server.domain}`,
        "TXT",
      ]);
      assert.equal(left.stdout.trim(), "", "the challenge is still in the zone");
      assert.deepEqual(Object.keys((await server.up()).summary), ["same"]);
    });

    test("dns-01: the token is for root alone, and can edit no other zone", async () => {
      const file = "/etc/mailstack/secrets/certificate-dns.ini";
      assert.equal((await shell(`stat -c '%U:%G %a' ${file}`)).trim(), "root:root 600");
      const token = /dns_cloudflare_api_token = (\S+)/.exec(await shell(`cat ${file}`))?.[1] ?? "";
      assert.equal((await zoneRecords(server, token, server.domain)).status, 200);
      const other = server.domain === "second.example" ? "ementech.co.ke" : "second.example";
      assert.equal((await zoneRecords(server, token, other)).status, 403);
      assert.equal((await zoneRecords(server, defaultTokens.cloudflare, other)).status, 200);
    });

    test("dns-01: a forced renewal is served on every port", async () => {
      const old = await servedSerial(server);
      await forceRenewal(server);
      assert.notEqual(await servedSerial(server), old);
    });

    test("http-01: an authority that has issued enough for this week is an error that says for how long", async () => {
      const old = await servedSerial(server);
      server.restoreConfig();
      configure({ acmeDirectory: limitedAcmeDirectory });
      const limited = await failingUp(server);
      assert.match(limited, /The authority's rate limit is reached; its words below say for how long/);
      assert.match(limited, /too many certificates \(5\) already issued .* retry after \d{4}-/);
      assert.equal(await servedSerial(server), old);
      await assertDelivers(server);
    });

    test("http-01: an authority that is down is an error with what to do, and the next up goes on", async () => {
      const old = await servedSerial(server);
      server.restoreConfig();
      const routes = (what: string) =>
        Promise.all(
          [addresses.apis, addresses.apis6].map((to) => server.system.must(["ip", "route", what, "unreachable", to])),
        );
      await routes("add");
      const down = await failingUp(server);
      assert.match(down, /The certificate's authority, or the DNS provider, did not answer as it should/);
      assert.match(down, new RegExp(`${apiNames.acme.replaceAll(".", "\\.")}.*(unreachable|No route)`, "is"));
      await routes("del");

      assert.equal(await servedSerial(server), old);
      await assertDelivers(server);
      await server.up();
      for (const port of tlsPorts) await assertValid(server, port, server.hostname);
      assert.notEqual(await servedSerial(server), old);
      assert.equal(
        (await server.system.exec(["test", "-e", "/etc/systemd/system/mailstack-certificate.path"])).exitCode,
        1,
      );
      assert.match(await statusOf(server, "certificate"), /^ok .* days left$/);
      assert.doesNotMatch(await statusOf(server, "units"), /mailstack-certificate/);
      assert.deepEqual(Object.keys((await server.up()).summary), ["same"]);
    });
  });
}

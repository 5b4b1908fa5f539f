import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { apiNames, defaultTokens, limitedAcmeDirectory, zoneToken } from "../../local-cloud/api";
import { addresses } from "../../local-cloud/contracts";
import { assertDelivers, failingUp } from "./support/applier";
import { assertValid, forceRenewal, served, servedSerial, tlsPorts } from "./support/certificates";
import { zoneRecords } from "./support/cloudflare-api";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const folder = "/root/own-certificate";
const chain = `${folder}/fullchain.pem`;
const key = `${folder}/privkey.pem`;

for (const os of everySystem) {
  describe(`certificates on ${os}`, () => {
    let server: Server;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const configure = (values: Record<string, unknown>) =>
      server.stack.configure((config) => {
        for (const [name, value] of Object.entries(values)) config.setIn(["config", `mailstack:${name}`], value);
      });
    /** A line of `mailstack status`. */
    const statusOf = async (check: string) => {
      const { stdout } = await server.system.exec(["mailstack", "status", "--json"]);
      const found = (JSON.parse(stdout) as { check: string; ok: boolean; detail: string }[]).find(
        (one) => one.check === check,
      );
      return `${found?.ok ? "ok" : "BAD"} ${found?.detail}`;
    };
    /** A pair that the administrator made. */
    const selfSigned = (name: string, into = folder) =>
      shell(`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 30 -subj /CN=own \
        -addext subjectAltName=DNS:${name},DNS:*.${server.domain},DNS:${server.domain} \
        -keyout ${into}/privkey.pem -out ${into}/fullchain.pem 2>/dev/null`);

    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      server.restoreConfig();
      await server.system.exec(["ip", "route", "del", "unreachable", addresses.apis]);
      await server.up();
      await shell(`rm -rf ${folder}`);
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

    test("existing: what is missing or does not fit is refused in one line, and the old one is served on", async () => {
      const old = await servedSerial(server);
      await shell(`rm -rf ${folder} && mkdir -m 0700 ${folder} && cp -L /etc/letsencrypt/live/${server.hostname}/*.pem ${folder}
        mkdir ${folder}/good && mv ${folder}/*.pem ${folder}/good`);
      configure({ certificate: "existing", certificateFile: chain, certificateKeyFile: key });
      assert.match(await failingUp(server), new RegExp(`${chain} is not there: put it there`));
      await selfSigned("elsewhere.example");
      await shell(`cp ${folder}/good/privkey.pem ${key}`);
      assert.match(
        await failingUp(server),
        new RegExp(`the key in ${key} does not belong to the certificate in ${chain}`),
      );
      await shell(`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -subj /CN=x \
        -addext subjectAltName=DNS:${server.hostname} -keyout ${key} -out ${chain} 2>/dev/null`);
      assert.match(await failingUp(server), new RegExp(`${chain} is not for webmail.${server.domain}`));
      assert.equal(await servedSerial(server), old);
      await assertDelivers(server);
    });

    test("existing: a good one is served on every port, and the next up changes nothing", async () => {
      await shell(`cp ${folder}/good/*.pem ${folder}`);
      await server.up();
      const there = (await shell(`openssl x509 -noout -serial -in ${chain}`)).trim();
      assert.equal(await servedSerial(server), there);
      for (const port of tlsPorts) await assertValid(server, port, server.hostname);
      assert.deepEqual(Object.keys((await server.up()).summary), ["same"]);
    });

    test("existing: changed files are served without an up; a key that does not fit is not", async () => {
      const old = await servedSerial(server);
      await selfSigned(server.hostname);
      await until(
        "the new certificate is served",
        async () => (await served(server, [993, undefined], "-serial")) !== old,
      );
      await until("on every port", async () => (await servedSerial(server).catch(() => old)) !== old);
      assert.match(await statusOf("certificate"), /^BAD .*not valid/, "nobody trusts a self-signed one");
      const now = await servedSerial(server);

      await shell(
        `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out ${key}.new; mv ${key}.new ${key}`,
      );
      const failed = ["systemctl", "is-failed", "--quiet", "mailstack-certificate.service"];
      await until("the pair is refused", async () => (await server.system.exec(failed)).exitCode === 0);
      assert.equal(await servedSerial(server), now);
      assert.match(await statusOf("units"), /^BAD .*mailstack-certificate/);

      await shell(`cp ${folder}/good/*.pem ${folder}`);
      await until("the good one is served", async () => (await servedSerial(server).catch(() => now)) === old);
      assert.match(await statusOf("certificate"), /^ok .* days left$/);
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
      assert.match(await statusOf("certificate"), /^ok .* days left$/);
      assert.doesNotMatch(await statusOf("units"), /mailstack-certificate/);
      assert.deepEqual(Object.keys((await server.up()).summary), ["same"]);
    });
  });
}

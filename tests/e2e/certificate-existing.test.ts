import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertDelivers, failingUp } from "./support/applier";
import { assertValid, served, servedSerial, tlsPorts } from "./support/certificates";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { statusOf } from "./support/status";
import { until } from "./support/until";

const folder = "/root/own-certificate";
const chain = `${folder}/fullchain.pem`;
const key = `${folder}/privkey.pem`;

for (const os of oneSystem(
  "the files are looked at by our own program; certificate.test.ts sees each daemon take another",
)) {
  describe(`a certificate of the administrator's own on ${os}`, () => {
    let server: Server;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
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
      await server.up();
      await shell(`rm -rf ${folder}`);
    });

    test("what is missing or does not fit is refused in one line, and the old one is served on", async () => {
      const old = await servedSerial(server);
      await shell(`rm -rf ${folder} && mkdir -m 0700 ${folder} && cp -L /etc/letsencrypt/live/${server.hostname}/*.pem ${folder}
        mkdir ${folder}/good && mv ${folder}/*.pem ${folder}/good`);
      server.stack.configure((config) => {
        const values = { certificate: "existing", certificateFile: chain, certificateKeyFile: key };
        for (const [name, value] of Object.entries(values)) config.setIn(["config", `mailstack:${name}`], value);
      });
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

    test("a good one is served on every port, and the next up changes nothing", async () => {
      await shell(`cp ${folder}/good/*.pem ${folder}`);
      await server.up();
      const there = (await shell(`openssl x509 -noout -serial -in ${chain}`)).trim();
      assert.equal(await servedSerial(server), there);
      for (const port of tlsPorts) await assertValid(server, port, server.hostname);
      assert.deepEqual(Object.keys((await server.up()).summary), ["same"]);
    });

    test("changed files are served without an up; a key that does not fit is not", async () => {
      const old = await servedSerial(server);
      await selfSigned(server.hostname);
      await until(
        "the new certificate is served",
        async () => (await served(server, [993, undefined], "-serial")) !== old,
      );
      await until("on every port", async () => (await servedSerial(server).catch(() => old)) !== old);
      assert.match(await statusOf(server, "certificate"), /^BAD .*not valid/, "nobody trusts a self-signed one");
      const now = await servedSerial(server);

      await shell(
        `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out ${key}.new; mv ${key}.new ${key}`,
      );
      const failed = ["systemctl", "is-failed", "--quiet", "mailstack-certificate.service"];
      await until("the pair is refused", async () => (await server.system.exec(failed)).exitCode === 0);
      assert.equal(await servedSerial(server), now);
      assert.match(await statusOf(server, "units"), /^BAD .*mailstack-certificate/);

      await shell(`cp ${folder}/good/*.pem ${folder}`);
      await until("the good one is served", async () => (await servedSerial(server).catch(() => now)) === old);
      assert.match(await statusOf(server, "certificate"), /^ok .* days left$/);
    });
  });
}

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Bundle } from "../../components/deployment/bundle";
import { apply, applyWell, assertWhole, bundleOf, changed } from "./support/applier";
import { reloadNginx } from "./support/nginx";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const site = "/etc/nginx/mailstack/sites/00-host.conf";

/** What another administrator serves on the same nginx: HTTP as the default site, and HTTPS. */
const foreignSite = `server { listen 80; server_name foreign.example; return 200 "foreign\\n"; }
server {
  listen 443 ssl;
  server_name foreign.example;
  ssl_certificate /etc/ssl/mailstack/self-signed/fullchain.pem;
  ssl_certificate_key /etc/ssl/mailstack/self-signed/privkey.pem;
  return 200 "foreign over TLS\\n";
}
`;
const foreignFile = "/etc/nginx/sites-enabled/foreign";

for (const os of everySystem) {
  describe(`nginx on ${os}`, () => {
    let server: Server;
    let good: Bundle;
    before(async () => {
      server = await serverFor(os);
      good = await bundleOf(server, "nginx");
    });
    after(async () => {
      await server.system.must(["rm", "-f", foreignFile]);
      await applyWell(server, good);
      await reloadNginx(server);
    });

    const curl = async (...words: string[]) => {
      const got = await server.inCloud(["curl", "--silent", "--show-error", "--cacert", server.trustFile, ...words]);
      return got.stdout + got.stderr;
    };
    const at = (name: string, port: number) => ["--resolve", `${name}:${port}:${server.ipv4}`];
    const put = (path: string, text: string) => server.system.must(["tee", path], { input: text });
    const nginxProcess = async () => (await server.system.must(["cat", "/run/nginx.pid"])).trim();

    const foreignAnswers = async () => {
      assert.equal(await curl(...at("foreign.example", 80), "http://foreign.example/"), "foreign");
      const tls = [...at("foreign.example", 443), "--insecure", "https://foreign.example/"];
      assert.equal(await curl(...tls), "foreign over TLS");
    };

    test("each name of ours is led from HTTP to HTTPS, with its path", async () => {
      for (const name of [server.hostname, `webmail.${server.domain}`]) {
        const told = await curl(
          "--output",
          "/dev/null",
          "--write-out",
          "%{http_code} %{redirect_url}",
          `http://${name}/a?b=c`,
        );
        assert.equal(told, `301 https://${name}/a?b=c`);
      }
    });

    test("the authority's challenges are served without TLS, and nothing beside them", async () => {
      const file = "/var/www/mailstack-acme/.well-known/acme-challenge/e2e-token";
      await server.system.must(["mkdir", "-p", dirname(file)]);
      await put(file, "answer");
      try {
        const base = `http://webmail.${server.domain}/.well-known/acme-challenge`;
        assert.equal(await curl(`${base}/e2e-token`), "answer");
        const status = ["--output", "/dev/null", "--write-out", "%{http_code}", "--path-as-is"];
        assert.equal(await curl(...status, `${base}/../../etc/passwd`), "301");
        assert.equal(await curl(...status, `${base}/`), "403");
      } finally {
        await server.system.must(["rm", file]);
      }
    });

    test("HTTPS: a trusted certificate, HTTP/2, the headers, no version number", async () => {
      const told = await curl("--include", "--http2", `https://${server.hostname}/`);
      assert.match(told, /^HTTP\/2 404/);
      assert.match(told, /^strict-transport-security: max-age=31536000\r$/im);
      assert.match(told, /^x-content-type-options: nosniff\r$/im);
      assert.match(told, /^referrer-policy: same-origin\r$/im);
      assert.match(told, /^server: nginx\r$/im);
    });

    test("a name that nobody serves gets no certificate", async () => {
      const told = await curl(...at("nobody.example", 443), "--insecure", "https://nobody.example/");
      assert.match(told, /unrecognized name/);
    });

    test("another site is served beside ours, and answers for unknown names", async () => {
      await put(foreignFile, foreignSite);
      await reloadNginx(server);
      await until("the new site answers", async () =>
        (await curl(...at("foreign.example", 80), "http://foreign.example/")).startsWith("foreign"),
      );
      await foreignAnswers();
      const unknown = [...at("nobody.example", 443), "--insecure", "https://nobody.example/"];
      assert.equal(await curl(...unknown), "foreign over TLS");
      assert.match(await curl("--include", `https://${server.hostname}/`), /^HTTP\/2 404/);
    });

    const broken: [what: string, change: (text: string) => string, words: RegExp][] = [
      [
        "an unknown directive",
        (text) => `${text}no_such_directive on;\n`,
        /00-host\.conf:\d+: refused[^]*unknown directive "no_such_directive"/,
      ],
      [
        "a block that does not end",
        (text) => `${text}server {\n`,
        /00-host\.conf:\d+: refused[^]*unexpected end of file/,
      ],
      [
        "a certificate without its key",
        (text) => `${text}ssl_certificate /etc/ssl/mailstack/live/fullchain.pem;\n`,
        /no "ssl_certificate_key" is defined/,
      ],
    ];
    for (const [what, change, words] of broken)
      test(`${what}: refused in nginx's words, put back whole; other sites answer, also after a restart`, async () => {
        const main = await nginxProcess();
        const applied = await apply(server, changed(good, site, change));
        assert.equal(applied.exitCode, 1, applied.stderr);
        assert.match(applied.stderr, words);
        assert.match(applied.stderr, /everything was put back/);
        await assertWhole(server);
        assert.equal(await nginxProcess(), main, "nginx was restarted");
        await foreignAnswers();
        await server.system.must(["systemctl", "restart", "nginx.service"]);
        await foreignAnswers();
      });

    test("status tells when nginx is down, and that it is back", async () => {
      const status = async () => {
        const { stdout } = await server.system.exec(["mailstack", "status", "--json"]);
        const entries = JSON.parse(stdout) as { check: string; ok: boolean }[];
        return ["http 80", "https 443", "webmail"].map((name) => entries.find((entry) => entry.check === name)?.ok);
      };
      await server.system.must(["systemctl", "stop", "nginx.service"]);
      try {
        assert.deepEqual(await status(), [false, false, false]);
      } finally {
        await server.system.must(["systemctl", "start", "nginx.service"]);
      }
      await until("all answers again", async () => (await status()).every(Boolean));
    });
  });
}

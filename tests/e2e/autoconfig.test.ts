import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { everySystem, serverFor, type Server } from "./support/servers";
import { toldServers, type ToldServer } from "./support/told-servers";
import { until } from "./support/until";

const outlook = "http://schemas.microsoft.com/exchange/autodiscover/outlook";
/** What Outlook posts. */
const question = (address: string, schema = `${outlook}/responseschema/2006a`) =>
  `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="${outlook}/requestschema/2006">
  <Request>
    <EMailAddress>${address}</EMailAddress>
    <AcceptableResponseSchema>${schema}</AcceptableResponseSchema>
  </Request>
</Autodiscover>`;

for (const os of everySystem) {
  describe(`autoconfiguration on ${os}`, () => {
    let server: Server;
    before(async () => {
      server = await serverFor(os);
    });

    const curl = async (words: string[], input = "") => {
      const command = ["curl", "--silent", "--show-error", "--cacert", server.trustFile, ...words];
      const got = await server.inCloud(command, input);
      assert.equal(got.exitCode, 0, got.stderr);
      return got.stdout;
    };
    const post = (url: string, text: string) =>
      curl(["--header", "Content-Type: text/xml", "--data-binary", "@-", url], text);
    const autodiscover = (path = "/autodiscover/autodiscover.xml") => `https://autodiscover.${server.domain}${path}`;

    /** Logs in at a server as it was told, with the security that was told. */
    async function assertUsable(told: ToldServer, address: string, refuses = false): Promise<void> {
      const { password } = await server.login("ceo");
      const scheme = { imap: "imaps", pop3: "pop3s", smtp: told.security === "STARTTLS" ? "smtp" : "smtps" }[told.kind];
      const start = told.security === "STARTTLS" ? ["--ssl-reqd"] : [];
      const url = `${scheme}://${told.host}:${told.port}/`;
      const ask = told.kind === "smtp" ? ["--request", "NOOP"] : [];
      const words = [
        "curl",
        "--silent",
        "--show-error",
        "--cacert",
        server.trustFile,
        ...start,
        ...ask,
        "-K",
        "-",
        url,
      ];
      const user = told.user.replace("%EMAILADDRESS%", address);
      const good = await server.inCloud(words, `user = "${user}:${password}"\n`);
      assert.equal(good.exitCode, 0, `${url} as ${user}: ${good.stderr}`);
      if (!refuses) return;
      const bad = await server.inCloud(words, `user = "${user}:not-${password}"\n`);
      assert.equal(bad.exitCode, 67, `${url} with a wrong password: ${bad.stderr}`);
    }

    test("Mozilla: the same answer under every address that a program asks", async () => {
      const name = `autoconfig.${server.domain}`;
      const query = `?emailaddress=ceo%40${server.domain}`;
      const first = await curl([`https://${name}/mail/config-v1.1.xml${query}`]);
      for (const url of [
        `https://${name}/.well-known/autoconfig/mail/config-v1.1.xml`,
        `http://${name}/mail/config-v1.1.xml${query}`,
        `http://${name}/.well-known/autoconfig/mail/config-v1.1.xml`,
      ])
        assert.equal(await curl(["--location", url]), first, url);
      const kind = await curl([
        "--output",
        "/dev/null",
        "--write-out",
        "%{content_type}",
        `https://${name}/mail/config-v1.1.xml`,
      ]);
      assert.match(kind, /^text\/xml/);
      assert.match(first, new RegExp(`<domain>${server.domain}</domain>`));
    });

    test("Mozilla: a program logs in at each server of the answer", async () => {
      const told = await toldServers(
        "mozilla",
        await curl([`https://autoconfig.${server.domain}/mail/config-v1.1.xml`]),
      );
      assert.deepEqual(
        told.map(({ kind, port, security }) => `${kind} ${port} ${security}`),
        ["imap 993 SSL", "pop3 995 SSL", "smtp 465 SSL", "smtp 587 STARTTLS"],
      );
      // That a wrong password is refused shows that the right one was looked at.
      for (const one of told) await assertUsable(one, server.address("ceo"), true);
    });

    test("Outlook: a program logs in at each server, as the address that it posted", async () => {
      for (const path of ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"]) {
        const told = await toldServers("autodiscover", await post(autodiscover(path), question(server.address("ceo"))));
        assert.deepEqual(
          told.map(({ kind, port, user }) => `${kind} ${port} ${user}`),
          [993, 995, 465].map((port, index) => `${["imap", "pop3", "smtp"][index]} ${port} ${server.address("ceo")}`),
        );
        for (const one of path.startsWith("/a") ? told : []) await assertUsable(one, "");
      }
      const upper = await post(autodiscover(), question(server.address("CEO")));
      assert.equal((await toldServers("autodiscover", upper))[0]?.user, server.address("ceo"));
    });

    test("Outlook: HTTP leads to HTTPS, and SRV to the same answer", async () => {
      const how = ["--output", "/dev/null", "--write-out", "%{http_code} %{redirect_url}"];
      const told = await curl([...how, autodiscover().replace("https:", "http:")]);
      assert.equal(told, `301 ${autodiscover()}`);
      const srv = await server.inCloud(["dig", "+short", `_autodiscover._tcp.${server.domain}`, "SRV"]);
      assert.equal(srv.stdout.trim(), `0 1 443 autodiscover.${server.domain}.`);
    });

    test("Outlook: what is no address of ours, or asks for what there is not, gets an error and none of its own text", async () => {
      const strange = "ceo@elsewhere.example";
      for (const [posted, code] of [
        [question(strange), 500],
        [question("&lt;LoginName&gt;"), 500],
        [
          question(
            server.address("ceo"),
            "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006",
          ),
          601,
        ],
        [`<!DOCTYPE a [<!ENTITY b "injected">]>${question("&b;")}`, 500],
        ["injected", 500],
      ] as const) {
        const answer = await post(autodiscover(), posted);
        assert.match(answer, new RegExp(`<ErrorCode>${code}</ErrorCode>`), posted);
        assert.doesNotMatch(answer, /injected|elsewhere/);
      }
      assert.match(await curl([autodiscover()]), /<ErrorCode>600<\/ErrorCode>/);
      const large = await post(autodiscover(), "x".repeat(20_000));
      assert.match(large, /413/);
    });

    const profileUrl = (address: string) =>
      `https://autoconfig.${server.domain}/mail.mobileconfig?address=${encodeURIComponent(address)}`;

    test("Apple: the profile is signed by the host's certificate, and a program logs in at each server", async () => {
      const address = server.address("ceo");
      const verify = ["openssl", "smime", "-verify", "-inform", "der", "-purpose", "any", "-CAfile", server.trustFile];
      const script = `curl --silent --fail --cacert "$0" "$1" | ${verify.join(" ")}`;
      const verified = await server.inCloud([
        "bash",
        "-c",
        `set -o pipefail; ${script}`,
        server.trustFile,
        profileUrl(address),
      ]);
      assert.equal(verified.exitCode, 0, verified.stderr);
      assert.match(verified.stderr, /Verification successful/);
      const told = await toldServers("apple", verified.stdout);
      assert.deepEqual(
        told.map(({ kind, port, security, user }) => `${kind} ${port} ${security} ${user}`),
        [`imap 993 SSL ${address}`, `smtp 465 SSL ${address}`],
      );
      for (const one of told) await assertUsable(one, address);
      const how = ["--output", "/dev/null", "--write-out", "%{content_type}"];
      assert.equal(await curl([...how, profileUrl(address)]), "application/x-apple-aspen-config");
      const signers = await server.inCloud([
        "bash",
        "-c",
        `curl -s --cacert "$0" "$1" | openssl pkcs7 -inform der -print_certs | openssl x509 -noout -subject -ext subjectAltName`,
        server.trustFile,
        profileUrl(address),
      ]);
      assert.match(signers.stdout, new RegExp(`DNS:${server.hostname}`));
    });

    test("Apple: no profile for an address that is not ours", async () => {
      const how = ["--output", "/dev/null", "--write-out", "%{http_code}"];
      for (const address of ["ceo@elsewhere.example", "", "<x>", `a b@${server.domain}`])
        assert.equal(await curl([...how, profileUrl(address)]), "404", address);
    });

    test("the answering programs are shut in, and gone when they have answered", async () => {
      const shown = async (unit: string, property: string) =>
        (await server.system.must(["systemctl", "show", "--value", "--property", property, unit])).trim();
      for (const unit of ["mailstack-autodiscover@x.service", "mailstack-profile@x.service"])
        assert.equal(await shown(unit, "DynamicUser"), "yes");
      const unit = await server.system.must(["systemctl", "cat", "mailstack-autodiscover@x.service"]);
      assert.doesNotMatch(unit, /privkey|LoadCredential/, "what reads strangers' text has no key");
      const running = [
        "systemctl",
        "list-units",
        "--plain",
        "--no-legend",
        "mailstack-autodiscover@*",
        "mailstack-profile@*",
      ];
      await until("no program is left", async () => (await server.system.must(running)).trim() === "");
      const journal = [
        "journalctl",
        "--no-pager",
        "--output=cat",
        "--grep",
        server.address("ceo"),
        "-u",
        "mailstack-*@*",
      ];
      assert.equal(
        (await server.system.exec(journal)).stdout.replace("-- No entries --", "").trim(),
        "",
        "no address in the log",
      );
    });

    // The last one: it uses up what one address may ask.
    test("whoever asks without end is told to wait", async () => {
      const urls = `https://autoconfig.${server.domain}/mail/config-v1.1.xml?[1-60]`;
      // From an address that is not among those which the tests trust.
      const codes = (await curl(["--ipv4", "--output", "/dev/null", "--write-out", "%{http_code}\n", urls]))
        .trim()
        .split("\n");
      assert.ok(codes.filter((code) => code === "429").length > 15, codes.join(" "));
      const local = await server.system.must(["mailstack", "status", "--json"]);
      assert.match(local, /"check": "autoconfig", "detail": "[^"]*", "ok": true/);
    });
  });
}

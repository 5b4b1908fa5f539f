import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { zoneId, defaultTokens } from "../../local-cloud/api";
import { strangers } from "../../local-cloud/peer/records";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const peerDomain = "peer.example";
const friend = `friend@${peerDomain}`;
const wrongDigest = "1".repeat(64);

for (const os of everySystem) {
  describe(`DANE on ${os}`, () => {
    let server: Server;
    const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;
    const published = async () =>
      (await server.inCloud(["dig", "+short", `_25._tcp.${server.hostname}`, "TLSA"])).stdout;
    const forgetCache = () => server.system.must(["unbound-control", "flush_zone", server.domain]);

    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      await server.system.must(["postsuper", "-d", "ALL"]);
      server.restoreConfig();
      await server.up();
    });

    async function send(to: string, subject: string): Promise<void> {
      const login = await server.login("ceo");
      const how = { server: server.hostname, port: 587, tls: "required" as const, ...login };
      const sent = await server.peer.send({ from: server.address("ceo"), to, subject, ...how });
      assert.equal(sent.code, 250, sent.transcript);
    }
    const postfixLog = async (since: string) =>
      server.system.must(["journalctl", "--unit", server.postfixUnit, "--since", since, "--output=cat", "--no-pager"]);
    const now = async () => (await server.system.must(["date", "+%F %T"])).trim();

    /** The digest of the key on port 25, as openssl sees it from outside. */
    async function servedKey(): Promise<string> {
      const script =
        'openssl s_client -starttls smtp -connect "$1:25" </dev/null 2>/dev/null | openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum';
      const { stdout } = await server.inCloud(["bash", "-o", "pipefail", "-c", script, "key", server.hostname]);
      return stdout.split(" ")[0]!;
    }

    test("to a peer that publishes its key in a signed zone, mail goes with that key verified", async () => {
      const since = await now();
      const subject = server.unique("right key");
      await send(friend, subject);
      await server.peer.received({ subject });
      assert.match(await postfixLog(since), /Verified TLS connection established to mail\.peer\.example/);
    });

    test("a TLSA record of another key: the mail waits here", async () => {
      const since = await now();
      const subject = server.unique("wrong key");
      const to = `friend@${strangers.wrongKey(peerDomain)}`;
      await send(to, subject);
      await until("it was tried", async () => new RegExp(`to=<${to}>.*status=`).test(await postfixLog(since)));
      assert.match(await postfixLog(since), new RegExp(`to=<${to}>.*status=deferred.*Server certificate not verified`));
      await assert.rejects(server.peer.received({ subject, timeout: 1000 }));
      await server.system.must(["postsuper", "-d", "ALL"]);
    });

    test("in a zone without signatures the same record counts for nothing", async () => {
      const since = await now();
      const subject = server.unique("unsigned");
      await send(`friend@${strangers.unsigned(peerDomain)}`, subject);
      await server.peer.received({ subject });
      assert.match(await postfixLog(since), /(Trusted|Untrusted) TLS connection established to mail\.unsigned\./);
    });

    test("mailstack:dane publishes the key that is served, and a second up changes nothing", async () => {
      assert.equal(await published(), "");
      server.stack.configure((config) => config.setIn(["config", "mailstack:dane"], true));
      const { summary } = await server.up();
      assert.equal(summary.create, 1, JSON.stringify(summary));
      assert.equal(
        (await published())
          .replace(/(\w{8}) (\w+)$/, "$1$2")
          .toLowerCase()
          .replaceAll(" ", ""),
        `311${await servedKey()}`,
      );
      const again = await server.up();
      assert.deepEqual(Object.keys(again.summary), ["same"], JSON.stringify(again.summary));
      await forgetCache();
      assert.match(await status(), /^ok {3}dane +3 1 1 \w+\.\.\. is the key on port 25$/m);
    });

    test("the peer keeps to it", async () => {
      const subject = server.unique("inbound");
      const { id } = await server.peer.sendThroughExim({ from: friend, to: server.address("ceo"), subject });
      const { attempts } = await server.peer.delivered(id);
      assert.match(attempts.at(-1)!.line, / CV=dane /);
    });

    test("a renewal keeps the key", async () => {
      const before = { key: await servedKey(), serial: await serial() };
      // Without a terminal it would first wait for up to eight minutes, so that not all the world comes at once.
      const renew = ["certbot", "renew", "--no-random-sleep-on-renew", "--force-renewal"];
      await server.system.must([...renew, "--cert-name", server.hostname], { timeout: 180_000 });
      await until("the new certificate is served", async () => (await serial()) !== before.serial);
      assert.equal(await servedKey(), before.key);
    });

    async function serial(): Promise<string> {
      const script =
        'openssl s_client -starttls smtp -connect "$1:25" </dev/null 2>/dev/null | openssl x509 -noout -serial';
      return (await server.inCloud(["sh", "-c", script, "serial", server.hostname])).stdout;
    }

    test("with a wrong record the peer sends nothing, and status says why", async () => {
      const record = await ownRecord();
      const data = { usage: 3, selector: 1, matching_type: 1 };
      await cloudflare("PATCH", record.id, { data: { ...data, certificate: wrongDigest } });
      try {
        const subject = server.unique("refused");
        const { id } = await server.peer.sendThroughExim({ from: friend, to: server.address("ceo"), subject });
        await until("it was tried", async () => (await server.peer.delivery(id)).attempts.length > 0);
        const { attempts } = await server.peer.delivery(id);
        assert.equal(attempts.at(-1)?.state, "deferred");
        assert.match(attempts.at(-1)!.line, /DANE|certificate/);
        await forgetCache();
        assert.match(await status(), /^BAD {2}dane +the key on port 25 is not the one of the TLSA record/m);
        await cloudflare("PATCH", record.id, { data: { ...data, certificate: record.data.certificate } });
        await server.peer.exec(["exim4", "-qff"]);
        await server.peer.delivered(id);
      } finally {
        await cloudflare("PATCH", record.id, { data: { ...data, certificate: record.data.certificate } });
        await forgetCache();
      }
    });

    test("mailstack:daneOutbound false sends to whatever key there is", async () => {
      server.stack.configure((config) => config.setIn(["config", "mailstack:daneOutbound"], false));
      await server.up();
      const subject = server.unique("any key");
      const since = await now();
      await send(`friend@${strangers.wrongKey(peerDomain)}`, subject);
      await server.peer.received({ subject });
      assert.match(
        await postfixLog(since),
        /^Trusted TLS connection established to mail-wrong-key/m,
        "the authorities are known",
      );
    });

    interface TlsaRecord {
      id: string;
      data: { certificate: string };
    }

    async function ownRecord(): Promise<TlsaRecord> {
      const { result } = (await cloudflare("GET", "?type=TLSA")) as { result: TlsaRecord[] };
      assert.equal(result.length, 1);
      return result[0]!;
    }

    async function cloudflare(method: string, path: string, body?: object): Promise<unknown> {
      const below = path.startsWith("?") ? path : `/${path}`;
      const url = `https://api.cloudflare.com/client/v4/zones/${zoneId(server.domain)}/dns_records${below}`;
      const words = [
        "curl",
        "--silent",
        "--fail-with-body",
        "--cacert",
        server.trustFile,
        "-X",
        method,
        "--config",
        "-",
      ];
      const json = body ? ["--json", JSON.stringify(body)] : [];
      const token = `header = "Authorization: Bearer ${defaultTokens.cloudflare}"\n`;
      const answer = await server.inCloud([...words, ...json, url], token);
      assert.equal(answer.exitCode, 0, answer.stdout + answer.stderr);
      return JSON.parse(answer.stdout);
    }
  });
}

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { zoneId } from "../../local-cloud/api";
import { CloudFirewall } from "./support/cloud-firewall";
import { diagnosticOf } from "./support/diagnostics";
import { oneSystem, serverFor, type Server, type UpResult } from "./support/servers";
import { Smarthost } from "./support/smarthost";
import { statusOf } from "./support/status";
import { until } from "./support/until";

const friend = "friend@peer.example";
/** A zone that no system's own stack uses. */
const other = "third.example";
const ann = `ann@${other}`;
const page = "docs/admin/deliverability.md";

interface Waiting {
  queue_name: string;
  sender: string;
  recipients: { address: string; delay_reason?: string }[];
}

for (const os of oneSystem("the client of Postfix, SASL and its options are the same in both versions")) {
  describe(`mail that leaves by a relay, and a provider that blocks port 25, on ${os}`, () => {
    let server: Server;
    let relay: Smarthost;
    let firewall: CloudFirewall;
    let first: UpResult;

    const passwordOf = (user: string) => server.system.must(["mailstack", "user", "initial-password", user]);
    /** A user's mail is taken; its subject. */
    async function send(from: string, what: string, to = friend): Promise<string> {
      const subject = server.unique(what);
      const login = { user: from, password: (await passwordOf(from)).trim() };
      const how = { server: server.hostname, port: 587, tls: "required" as const, ...login };
      const sent = await server.peer.send({ from, to, subject, ...how });
      assert.equal(sent.code, 250, sent.transcript);
      return subject;
    }
    async function queue(): Promise<Waiting[]> {
      const lines = (await server.system.must(["postqueue", "-j"])).split("\n").filter(Boolean);
      return lines.map((line) => JSON.parse(line) as Waiting);
    }
    /** Why the mail of this sender waits, once it does. */
    async function reason(sender: string): Promise<string> {
      let found: string | undefined;
      await until(`mail of ${sender} is deferred`, async () => {
        const waiting = (await queue()).find((each) => each.sender === sender);
        found = waiting?.recipients[0]?.delay_reason;
        return found !== undefined;
      });
      return found!;
    }
    const flush = () => server.system.must(["postqueue", "-f"]);
    const set = (values: Record<string, unknown>) =>
      server.stack.configure((config) => {
        for (const [key, value] of Object.entries(values)) config.setIn(["config", `mailstack:${key}`], value);
      });

    before(async () => {
      server = await serverFor(os);
      relay = await Smarthost.of(server.peer);
      firewall = await CloudFirewall.of(server);
      await firewall.blockOut(25);
      set({
        domains: [{ name: other, cloudflareZoneId: zoneId(other) }],
        relayHost: relay.host,
        relayUser: relay.user,
        relayDomains: [server.domain],
        portProbeDomain: "peer.example",
      });
      server.stack.configure((config) => config.addIn(["config", "mailstack:users"], { address: ann }));
      await server.stack.setSecret("mailstack:relayPassword", relay.password);
      first = await server.up();
    });
    after(async () => {
      await firewall.close();
      await relay.close();
      await server.system.must(["postsuper", "-d", "ALL"]);
      server.restoreConfig();
      await server.up();
      await server.system.must(["mailstack", "user", "purge", ann, "--yes"]);
    });

    test("a blocked port 25 is told by the up and by status, with the page that says what to do", async () => {
      const { severity, message } = diagnosticOf(first, "port 25");
      assert.equal(severity, "warning");
      assert.ok(message.includes(page), message);
      const said = await statusOf(server, "port 25 out");
      assert.match(said, /^ok port 25 is blocked: no mail server of peer\.example answers/);
      assert.ok(said.includes(page), said);
    });

    test("the mail of a relayed domain goes by the relay, with its login over TLS, and passes DKIM and DMARC", async () => {
      const subject = await send(server.address("ceo"), "by the relay");
      const { verdicts } = await server.peer.received({ subject });
      assert.deepEqual([verdicts?.dkim, verdicts?.dmarc], ["pass", "pass"]);
      const line = await relay.arrival(subject);
      assert.match(line, / P=esmtpsa X=TLS/);
      assert.ok(line.includes(` A=plain:${relay.user}`) || line.includes(` A=login:${relay.user}`), line);
      assert.match(await statusOf(server, "relay"), /^ok mail\.peer\.example:2525, TLSv1\.3, for /);
    });

    test("while port 25 is blocked the mail of another domain waits, and arrives once it is open", async () => {
      const subject = await send(ann, "straight");
      assert.match(await reason(ann), /timed out/);
      assert.equal(await relay.arrival(subject), "");
      await firewall.close();
      await until("status sees the open port", async () =>
        (await statusOf(server, "port 25 out")).startsWith("ok open"),
      );
      await flush();
      const { verdicts } = await server.peer.received({ subject });
      assert.deepEqual([verdicts?.spf, verdicts?.dkim, verdicts?.dmarc], ["pass", "pass", "pass"]);
      assert.match(await relay.arrival(subject), / P=esmtps X=TLS/);
    });

    test("mail from one user to another never leaves the host", async () => {
      const subject = await send(server.address("ceo"), "inside", ann);
      await until("it is there", async () => {
        const found = await server.system.exec(["grep", "-rqlF", subject, `/var/vmail/${other}/ann`]);
        return found.exitCode === 0;
      });
      assert.equal(await relay.arrival(subject), "");
    });

    test("the password is in root's own files and nowhere else", async () => {
      const places = ["/etc", "/usr/local", "/var/lib/mailstack", "/var/log", "/var/spool/postfix", "/run/mailstack"];
      const found = await server.system.exec(["grep", "-rlsF", relay.password, ...places]);
      const files = found.stdout.split("\n").filter(Boolean).sort();
      assert.deepEqual(files, ["/etc/mailstack/secrets/relay-password", "/etc/postfix/relay_password"]);
      for (const file of files)
        assert.equal((await server.system.must(["stat", "-c", "%U:%G %a", file])).trim(), "root:root 600", file);
      const journal = await server.system.must(["journalctl", "--no-pager", "--output=cat"]);
      assert.ok(!journal.includes(relay.password), "the journal has it");
      const state = await server.stack.pulumi(["stack", "export"]);
      assert.ok(!state.stdout.includes(relay.password), "the state has it in clear");
      assert.ok(!first.output.includes(relay.password), "the up printed it");
    });

    test("a password that the relay no longer takes: mail waits, status gives the relay's words, then it goes", async () => {
      await relay.be({ password: "another" });
      const subject = await send(server.address("ceo"), "wrong password");
      assert.match(await reason(server.address("ceo")), /SASL authentication failed; server .* said: 535/);
      assert.match(
        await statusOf(server, "relay"),
        /^BAD mail\.peer\.example:2525 refuses the login, 1 recipients wait: 535/,
      );
      assert.equal(await relay.arrival(subject), "", "it was sent all the same");
      await relay.be({});
      await flush();
      await server.peer.received({ subject });
      assert.match(await statusOf(server, "relay"), /^ok /);
    });

    test("a certificate that nobody has signed: no login, mail waits, status says why", async () => {
      await relay.be({ strangeCertificate: true });
      const subject = await send(server.address("ceo"), "strange certificate");
      assert.match(await reason(server.address("ceo")), /Server certificate not (trusted|verified)/);
      assert.match(await statusOf(server, "relay"), /^BAD mail\.peer\.example:2525: its certificate is not trusted/);
      assert.equal(await relay.arrival(subject), "", "it was sent all the same");
      await relay.be({});
      await flush();
      await server.peer.received({ subject });
    });

    test("a relay that offers no TLS gets neither the password nor the mail", async () => {
      await relay.be({ withoutStartTls: true });
      const subject = await send(server.address("ceo"), "no TLS");
      assert.match(await reason(server.address("ceo")), /TLS is required, but was not offered/);
      assert.match(await statusOf(server, "relay"), /^BAD mail\.peer\.example:2525 offers no TLS/);
      assert.equal(await relay.arrival(subject), "", "it was sent all the same");
      assert.deepEqual(await relay.loginsInClear(), []);
      await relay.be({});
      await flush();
      await server.peer.received({ subject });
    });

    test("for all mail, by TLS from the first byte: bounces and mail of every domain go by the relay", async () => {
      set({ relayPort: relay.ports.implicit, relayDomains: [] });
      await server.up();
      const subject = await send(ann, "all by the relay");
      await server.peer.received({ subject });
      assert.match(await relay.arrival(subject), / P=esmtpsa X=TLS.* A=/);
      const bounced = server.unique("bounced");
      await server.system.must(["sendmail", "-f", "", friend], {
        input: `From: ${server.address("root")}\nTo: ${friend}\nSubject: ${bounced}\n\nnobody\n`,
      });
      await server.peer.received({ subject: bounced });
      assert.match(await relay.arrival(bounced), / <= <> .* P=esmtpsa X=TLS.* A=/);
      assert.match(await statusOf(server, "relay"), /^ok mail\.peer\.example:465, TLSv1\.3, for all mail/);
      assert.match(await statusOf(server, "port 25 out"), /^ok not needed: all mail goes to mail\.peer\.example:465/);
    });

    test("turned off again, mail goes straight, no password is left, and the next up changes nothing", async () => {
      server.restoreConfig();
      await server.up();
      const subject = await send(server.address("ceo"), "straight again");
      await server.peer.received({ subject });
      assert.match(await relay.arrival(subject), / P=esmtps X=TLS/);
      const left = await server.system.exec(["grep", "-rlsF", relay.password, "/etc", "/var/lib/mailstack"]);
      assert.equal(left.stdout, "");
      assert.equal(await statusOf(server, "relay"), "ok off");
      assert.deepEqual(Object.keys((await server.up()).summary), ["same"]);
    });
  });
}

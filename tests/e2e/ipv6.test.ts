import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { strangers } from "../../local-cloud/peer/records";
import { readScan, scanCommand } from "./support/port-scan";
import { everySystem, serverFor, type Server } from "./support/servers";

const friend = "friend@peer.example";
/** The peer's mailbox at a host that has no IPv4 address. */
const friendOnIpv6 = `friend@${strangers.onlyIpv6("peer.example")}`;
const mailPorts = [25, 465, 587, 993, 995];
const ports = [443, ...mailPorts];

for (const os of everySystem) {
  describe(`IPv6 on ${os}`, () => {
    let server: Server;
    let address: string;
    const ask = async (...question: string[]) => (await server.inCloud(["dig", "+short", ...question])).stdout;
    const scan = async () => readScan(await server.peer.system.must(scanCommand(address)));
    const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;

    before(async () => {
      server = await serverFor(os);
      address = await server.ipv6();
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
    });

    /** Mail of ceo@ through 587, as the peer received and judged it. */
    async function sent(to: string, subject: string) {
      const login = await server.login("ceo");
      const how = { server: server.hostname, port: 587, tls: "required" as const, ...login };
      const result = await server.peer.send({ from: server.address("ceo"), to, subject, ...how });
      assert.equal(result.code, 250, result.transcript);
      return server.peer.received({ subject });
    }

    test("the host's name leads to its IPv6 address, and back", async () => {
      assert.equal(await ask(server.hostname, "AAAA"), address);
      assert.equal(await ask("-x", address), `${server.hostname}.`);
      assert.match(await status(), new RegExp(`^ok {3}smtp IPv6 +${address}, SMTP answers$`, "m"));
    });

    test("clients on IPv6 get the host's certificate at each port", async () => {
      const schemes = { 25: "smtp", 443: "https", 465: "smtps", 587: "smtp", 993: "imaps", 995: "pop3s" };
      for (const [port, scheme] of Object.entries(schemes)) {
        const curl = [
          "curl",
          "-6",
          "--silent",
          "--show-error",
          "--ssl-reqd",
          "--cacert",
          server.trustFile,
          "--verbose",
        ];
        const seen = await server.inCloud([...curl, "--max-time", "20", `${scheme}://${server.hostname}:${port}`]);
        assert.match(seen.stderr, new RegExp(`Connected to ${server.hostname} \\(${address}\\)`), seen.stderr);
        assert.match(seen.stderr, /SSL certificate verify ok/, `${port}: ${seen.stderr}`);
      }
    });

    test("the peer delivers over IPv6", async () => {
      const subject = server.unique("inbound over IPv6");
      const { id } = await server.peer.sendThroughExim({ from: friend, to: server.address("ceo"), subject });
      const [attempt] = (await server.peer.delivered(id)).attempts;
      assert.equal(attempt?.host, `${server.hostname} [${address}]`);
      assert.match(await server.imapFind("ceo", subject), /\d/);
    });

    test("what leaves over IPv6 passes SPF, DKIM, DMARC and the look at the address's name", async () => {
      const message = await sent(friendOnIpv6, server.unique("outbound over IPv6"));
      assert.equal(message.session["client"], address);
      assert.deepEqual(
        { ...message.verdicts, tls: message.verdicts?.tls.startsWith("TLS1.") },
        { spf: "pass", dkim: "pass", dmarc: "pass", iprev: "pass", tls: true },
      );
    });

    test("with mailstack:ipv6 false nothing of it is left, and mail flows over IPv4", async () => {
      server.stack.configure((config) => config.setIn(["config", "mailstack:ipv6"], false));
      const { summary } = await server.up();
      assert.equal(summary.delete, 4, JSON.stringify(summary));
      assert.equal(await ask(server.hostname, "AAAA"), "");
      assert.equal(await ask("-x", address), "");
      const listening = await server.system.must(["ss", "-6", "-H", "-ltn"]);
      for (const port of ports) assert.doesNotMatch(listening, new RegExp(`:${port}\\s`), listening);
      assert.deepEqual([...(await scan())], []);
      assert.match(await status(), /^ok {3}smtp IPv6 +off$/m);

      const message = await sent(friend, server.unique("outbound over IPv4"));
      assert.equal(message.session["client"], server.ipv4);
      const subject = server.unique("inbound over IPv4");
      const { id } = await server.peer.sendThroughExim({ from: friend, to: server.address("ceo"), subject });
      const attempts = (await server.peer.delivered(id)).attempts;
      assert.equal(attempts.at(-1)?.host, `${server.hostname} [${server.ipv4}]`);
    });

    test("and comes back with it", async () => {
      server.restoreConfig();
      await server.up();
      assert.equal(await ask(server.hostname, "AAAA"), address);
      const answers = await scan();
      for (const port of [22, 80, ...ports]) assert.equal(answers.get(port), "open", String(port));
      const message = await sent(friendOnIpv6, server.unique("outbound over IPv6 again"));
      assert.equal(message.session["client"], address);
    });
  });
}

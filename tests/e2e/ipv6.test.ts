import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { friendOnIpv6, sentByCeo } from "./support/over-ipv6";
import { everySystem, serverFor, type Server } from "./support/servers";

const friend = "friend@peer.example";

for (const os of everySystem) {
  describe(`IPv6 on ${os}`, () => {
    let server: Server;
    let address: string;
    const ask = async (...question: string[]) => (await server.inCloud(["dig", "+short", ...question])).stdout;
    const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;

    before(async () => {
      server = await serverFor(os);
      address = await server.ipv6();
    });

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
      const message = await sentByCeo(server, friendOnIpv6, server.unique("outbound over IPv6"));
      assert.equal(message.session["client"], address);
      assert.deepEqual(
        { ...message.verdicts, tls: message.verdicts?.tls.startsWith("TLS1.") },
        { spf: "pass", dkim: "pass", dmarc: "pass", iprev: "pass", tls: true },
      );
    });
  });
}

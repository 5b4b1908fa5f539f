import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { tlsPorts } from "./support/certificates";
import { everySystem, serverFor, type Server } from "./support/servers";

for (const os of everySystem) {
  describe(`TLS on ${os}`, () => {
    let server: Server;
    before(async () => {
      server = await serverFor(os);
    });

    const handshake = (port: number, starttls: string | undefined, ...options: string[]) =>
      server.inCloud([
        ...["openssl", "s_client", "-connect", `${server.hostname}:${port}`, "-verify_hostname", server.hostname],
        ...(starttls ? ["-starttls", starttls] : []),
        ...options,
      ]);

    for (const [port, starttls] of tlsPorts) {
      test(`port ${port} serves a valid certificate for the host's name`, async () => {
        const talk = await handshake(port, starttls, "-CAfile", server.trustFile, "-verify_return_error");
        assert.match(talk.stdout, /Verify return code: 0 \(ok\)/, talk.stdout.slice(-600) + talk.stderr.slice(-600));
      });

      test(`port ${port} refuses TLS 1.1`, async () => {
        const talk = await handshake(port, starttls, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0");
        assert.match(talk.stdout, /Cipher is \(NONE\)/);
        const newer = await handshake(port, starttls, "-tls1_2");
        assert.doesNotMatch(newer.stdout, /Cipher is \(NONE\)/);
      });
    }

    test("a forced renewal is served on every port", async () => {
      const serial = async (port: number, starttls: string | undefined) => {
        const talk = await handshake(port, starttls);
        const certificate = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(talk.stdout)?.[0];
        assert.ok(certificate, `no certificate on port ${port}: ${talk.stderr.slice(-400)}`);
        return (await server.inCloud(["openssl", "x509", "-noout", "-serial"], certificate)).stdout.trim();
      };
      const old = await serial(25, "smtp");
      await server.system.must(["certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew"], {
        timeout: 180_000,
      });
      const served = new Set<string>();
      for (const [port, starttls] of tlsPorts) served.add(await serial(port, starttls));
      assert.equal(served.size, 1, [...served].join(" "));
      assert.ok(!served.has(old), "the old certificate is still served");
    });
  });
}

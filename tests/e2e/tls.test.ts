import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertValid, forceRenewal, handshake, servedSerial, tlsPorts } from "./support/certificates";
import { allowOldTls, assertAllowed } from "./support/lenient-tls";
import { everySystem, serverFor, type Server } from "./support/servers";

for (const os of everySystem) {
  describe(`TLS on ${os}`, () => {
    let server: Server;
    let putBack: (() => Promise<void>) | undefined;
    before(async () => {
      server = await serverFor(os);
      putBack = await allowOldTls(server);
    });
    after(async () => putBack?.());

    const level = "@SECLEVEL=0";
    const versions = ["-tls1", "-tls1_1"];
    /** Without a certificate, without encryption, by Diffie-Hellman whose length the server picks. */
    const weak = ["aNULL", "eNULL", "kDHE"];
    const only = (offer: string) => ["-tls1_2", "-cipher", `${offer}:${level}`];

    test("this host's OpenSSL would take all of it: what is refused is refused by the daemon", async () => {
      for (const version of versions) await assertAllowed(server, [version, "-cipher", `ALL:${level}`]);
      for (const offer of weak) await assertAllowed(server, only(offer));
    });

    for (const door of tlsPorts) {
      const [port] = door;
      test(`port ${port} serves a valid certificate for the host's name`, async () => {
        await assertValid(server, door, server.hostname);
      });

      test(`port ${port} refuses TLS 1.0 and 1.1`, async () => {
        for (const version of versions) {
          const talk = await handshake(server, door, [version, "-cipher", `ALL:${level}`]);
          assert.match(talk.stdout, /^CONNECTED[^]*Cipher is \(NONE\)/m, version);
          // Dovecot 2.3 hangs up without a word.
          assert.match(talk.stderr, /alert protocol version|unexpected eof/, version);
        }
        const newer = await handshake(server, door, ["-tls1_2"]);
        assert.match(newer.stdout, /Cipher is (?!\(NONE\))/);
      });
    }

    /** The cipher that a client gets which offers these, the best first; undefined: no connection. */
    const agreed = async (door: (typeof tlsPorts)[number], offer: string) => {
      const talk = await handshake(server, door, only(offer));
      return /^ {4}Cipher *: (?!0000)(\S+)$/m.exec(talk.stdout)?.[1];
    };
    before(async () => {
      // This machine's OpenSSL has them, or no test would see them.
      for (const name of weak) {
        const has = await server.inCloud(["openssl", "ciphers", "-s", "-tls1_2", `${name}:${level}`]);
        assert.match(has.stdout, /[A-Z]-/, name);
      }
    });

    for (const door of tlsPorts) {
      const [port] = door;
      test(`port ${port} has no anonymous or weak cipher, and the server's order counts`, async () => {
        for (const offer of weak) assert.equal(await agreed(door, offer), undefined, offer);
        const [first, second] = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"];
        const picked = await agreed(door, `${first}:${second}`);
        assert.ok(picked, "no cipher that is good");
        assert.equal(await agreed(door, `${second}:${first}`), picked, "the client's order counts");
        // Mail servers of others may have no better one; a program to which a user gives a password has.
        const old = await agreed(door, "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:AES128-SHA");
        assert.equal(old !== undefined, port === 25, String(old));
      });
    }

    test("a forced renewal is served on every port", async () => {
      const old = await servedSerial(server);
      await forceRenewal(server);
      assert.notEqual(await servedSerial(server), old, "the old certificate is still served");
    });
  });
}

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { assertValid, forceRenewal, handshake, servedSerial, tlsPorts } from "./support/certificates";
import { everySystem, serverFor, type Server } from "./support/servers";

for (const os of everySystem) {
  describe(`TLS on ${os}`, () => {
    let server: Server;
    before(async () => {
      server = await serverFor(os);
    });

    for (const door of tlsPorts) {
      const [port] = door;
      test(`port ${port} serves a valid certificate for the host's name`, async () => {
        await assertValid(server, door, server.hostname);
      });

      test(`port ${port} refuses TLS 1.1`, async () => {
        const talk = await handshake(server, door, ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]);
        assert.match(talk.stdout, /Cipher is \(NONE\)/);
        const newer = await handshake(server, door, ["-tls1_2"]);
        assert.doesNotMatch(newer.stdout, /Cipher is \(NONE\)/);
      });
    }

    /** The cipher that a client gets which offers these, the best first; undefined: no connection. */
    const agreed = async (door: (typeof tlsPorts)[number], offer: string) => {
      const talk = await handshake(server, door, ["-tls1_2", "-cipher", `${offer}:@SECLEVEL=0`]);
      return /^ {4}Cipher *: (?!0000)(\S+)$/m.exec(talk.stdout)?.[1];
    };
    /** Without a certificate, without encryption, by Diffie-Hellman whose length the server picks. */
    const weak = ["aNULL", "eNULL", "kDHE"];
    before(async () => {
      // This machine's OpenSSL has them, or no test would see them.
      for (const name of weak) {
        const has = await server.inCloud(["openssl", "ciphers", "-s", "-tls1_2", `${name}:@SECLEVEL=0`]);
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

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

    test("a forced renewal is served on every port", async () => {
      const old = await servedSerial(server);
      await forceRenewal(server);
      assert.notEqual(await servedSerial(server), old, "the old certificate is still served");
    });
  });
}

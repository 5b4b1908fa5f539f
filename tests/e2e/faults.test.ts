import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { assertDelivers, assertNewSizeLimit, assertWhole, failingUp, mainCf, postfixMaster } from "./support/applier";
import { withFullDisk, withLinkDown, withOtherHostKey } from "./support/breakage";
import { oneSystem, serverFor, type Server } from "./support/servers";

for (const os of oneSystem(
  "what fails is around the host: its link, its key and the disk that our own program writes to",
)) {
  describe(`a fault around the host on ${os}`, () => {
    let server: Server;
    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
    });

    let megabytes = 41;

    /** A change that cannot be made: the error, nothing changed on the host; and mended, the next `up` makes it. */
    async function failsThenRecovers(
      broken: (work: () => Promise<string>) => Promise<string>,
      words: RegExp[],
    ): Promise<void> {
      megabytes += 1;
      server.stack.configure((config) => config.setIn(["config", "mailstack:messageSizeLimitMb"], megabytes));
      const before = await server.system.must(["cat", mainCf]);
      const master = await postfixMaster(server);
      const output = await broken(() => failingUp(server));
      for (const each of words) assert.match(output, each);
      assert.equal(await server.system.must(["cat", mainCf]), before);
      assert.equal(await postfixMaster(server), master);
      await assertWhole(server);
      await assertDelivers(server);

      const { summary } = await server.up();
      assertNewSizeLimit(summary);
      const wanted = `message_size_limit = ${megabytes * 1024 * 1024}`;
      assert.ok((await server.system.must(["cat", mainCf])).split("\n").includes(wanted));
      await assertWhole(server);
      await assertDelivers(server);
    }

    test("host unreachable: its address and why, after the tries that a busy host may need", async () => {
      await failsThenRecovers(
        (work) => withLinkDown(server, work),
        [new RegExp(`dial tcp ${server.ipv4.replaceAll(".", "\\.")}:22: connect.*unreach`, "i"), /mail-postfix/],
      );
    });

    test("another host key: refused before the host is told anything", async () => {
      const logins = () =>
        server.system.must(["sh", "-c", "journalctl --sync; journalctl --quiet --output=cat --unit=ssh"]);
      const accepted = (log: string) => log.split("Accepted publickey for root").length;
      let before = "";
      let told = "";
      await failsThenRecovers(
        (work) =>
          withOtherHostKey(server, async () => {
            before = await logins();
            const output = await work();
            told = (await logins()).slice(before.length);
            return output;
          }),
        [/ssh: handshake failed: ssh: host key mismatch/, /mail-postfix/],
      );
      assert.match(told, /\[preauth\]/, "the host did not see the try");
      assert.doesNotMatch(told, /Accepted|Failed publickey/);
      // The log does tell of a login: that of the good up.
      assert.ok(accepted(await logins()) > accepted(before));
    });

    test("full disk where the new files go: which file, everything put back", async () => {
      await failsThenRecovers(
        (work) => withFullDisk(server, "/etc/postfix", work),
        [
          /postfix: No space left on device( \(\/etc\/postfix\/\.main\.cf\.mailstack\.dpkg-new\))?/,
          /everything was put back/,
        ],
      );
    });

    test("full disk where the applier notes what it does: nothing is begun", async () => {
      await failsThenRecovers(
        (work) => withFullDisk(server, "/var/lib/mailstack", work),
        [/postfix: No space left on device/],
      );
    });
  });
}

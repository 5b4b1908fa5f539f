import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { commandsOf, wordsOf } from "../support/documents";
import { assertWhole, failingUp } from "./support/applier";
import { KeptMail } from "./support/kept-mail";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { instance, mailVolume, withoutVolume } from "./support/volumes";

/** What an administrator types. */
const commands = commandsOf("docs/admin/volume-and-filters.md");

for (const os of oneSystem(
  "the provider's volume is handed on; volume.test.ts sees each system mount one that has mail",
)) {
  describe(`a volume with mail that goes from host to host, on ${os}`, () => {
    let server: Server;
    const mail = new KeptMail("info");
    const uuidOf = () => server.system.must(["findmnt", "-no", "UUID", "/var/vmail"]);
    const assertNothingToDo = async () => {
      const { summary } = await server.up();
      assert.deepEqual(Object.keys(summary), ["same"], JSON.stringify(summary));
      await assertWhole(server);
    };

    before(async () => {
      server = await withoutVolume(await serverFor(os));
      server.stack.configure((config) => config.setIn(["config", "mailstack:volumeGb"], 10));
      await server.up();
      await mail.deliver(server, "on the volume");
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
    });

    test("a new host gets the same volume with all mail on it, not formatted again", async () => {
      const [volume, uuid] = [await mailVolume(server), await uuidOf()];
      await server.up(["--replace", instance]);
      server = await server.successor();
      assert.equal((await mailVolume(server)).id, volume.id);
      assert.equal(await uuidOf(), uuid);
      await mail.assertAllThere(server);
      await mail.deliver(server, "on the new host");
      await assertNothingToDo();
    });

    test("after destroy the next stack takes it over, by the commands of the page", async () => {
      const volume = await mailVolume(server);
      await server.stack.pulumi(["destroy", "--yes", "--skip-preview"]);
      assert.match(await failingUp(server), /Label must be unique among your volumes/);
      const [urns, take] = ["pulumi stack --show-urns", "pulumi import linode:index/volume:Volume"].map((start) => {
        const line = commands.find((one) => one.startsWith(start));
        assert.ok(line, `the page does not say ${start}`);
        return wordsOf(line).slice(1);
      });
      const { stdout } = await server.stack.pulumi(urns!);
      const urn = (end: string) => {
        const found = stdout.split(/\s+/).find((word) => word.startsWith("urn:") && word.endsWith(end));
        assert.ok(found, `no ${end} in ${stdout}`);
        return found;
      };
      const words = { VOLUME_ID: `${volume.id}`, URN_OF_MAIL_DISK: urn("::mail-disk"), URN_OF_LINODE: urn("::linode") };
      const filled = Object.entries(words).reduce(
        (all, [name, value]) => all.map((word) => word.replace(name, value)),
        take!,
      );
      await server.stack.pulumi([...filled, "--yes", "--skip-preview"]);
      await server.up();
      server = await server.successor();
      assert.equal((await mailVolume(server)).id, volume.id);
      await mail.assertAllThere(server);
      await mail.deliver(server, "after the volume was taken over");
      await assertNothingToDo();
    });
  });
}

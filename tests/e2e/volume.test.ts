import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { bundleOf } from "../../components/deployment/define-service";
import { volume } from "../../components/services/volume";
import { apply, assertDelivers, assertWhole, failingUp } from "./support/applier";
import { KeptMail } from "./support/kept-mail";
import { instanceId, linode, reboot, untilStatus, untilWell } from "./support/linode";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";
import {
  changeVolume,
  deleteVolumes,
  mailVolume,
  mailVolumes,
  showSize,
  withoutVolume,
  type ToldVolume,
} from "./support/volumes";

for (const os of everySystem) {
  describe(`mail on a volume of ${os}`, () => {
    let server: Server;
    const mail = new KeptMail("info");
    const shell = (script: string) => server.system.must(["sh", "-ec", script], { timeout: 300_000 });
    const setSize = (gb: number) =>
      server.stack.configure((config) => config.setIn(["config", "mailstack:volumeGb"], gb));
    const mounted = async () => (await shell("findmnt -no FSTYPE,SOURCE /var/vmail || true")).trim();
    /** GiB of the file system that mail is on. */
    const size = async () =>
      Number(await shell("stat -f -c '%b %S' /var/vmail | awk '{ printf \"%.0f\", $1 * $2 / 2^30 }'"));
    const dovecot = () => shell("systemctl show --value -p MainPID dovecot.service");
    const assertNothingToDo = async () => {
      const { summary } = await server.up();
      assert.deepEqual(Object.keys(summary), ["same"], JSON.stringify(summary));
      await assertWhole(server);
    };

    before(async () => {
      server = await withoutVolume(await serverFor(os));
    });
    after(async () => {
      server.restoreConfig();
      await server.up();
    });

    test("a volume with somebody else's data on it is refused, and not touched; mail goes on", async () => {
      const wanted = { label: `foreign-${os}`, linode_id: await instanceId(server), region: "eu-central", size: 10 };
      const foreign = await linode<ToldVolume>(server, "POST", "volumes", JSON.stringify(wanted));
      const device = foreign.filesystem_path;
      await until(
        "the volume is attached",
        async () => (await server.system.exec(["test", "-e", device])).exitCode === 0,
      );
      const bundle = bundleOf(volume, { volumeDevice: device, volumeGb: 10 });
      // Packages first: what is there is not of the kind that the host's own tools make.
      const digest = () => shell(`head -c 20M ${device} | sha256sum`);
      for (const [make, words] of [
        [
          "apt-get install -y -q e2fsprogs >&2; mkfs.ext4 -q -L theirs DEVICE",
          /holds something else \(ext4, label theirs\)/,
        ],
        ["mkswap -q DEVICE || mkswap DEVICE >&2", /holds something else \(swap/],
        ["echo ',,L' | sfdisk -q DEVICE", /holds something else \(dos/],
      ] as const) {
        await shell(`wipefs -qa ${device}; ${make.replaceAll("DEVICE", device)}; sync`);
        const before = await digest();
        const refused = await apply(server, bundle);
        assert.notEqual(refused.exitCode, 0);
        assert.match(refused.stderr, words);
        assert.match(refused.stderr, /everything was put back/);
        assert.equal(await digest(), before, "the volume was changed");
      }
      assert.equal(await mounted(), "");
      await assertDelivers(server);
      await deleteVolumes(server, [{ ...foreign, linode_id: wanted.linode_id }]);
    });

    test("turned on, and killed while Dovecot is stopped for the move: nothing is half there, mail waits", async () => {
      await mail.deliver(server, "before the volume");
      setSize(10);
      // The third copy is the one that compares.
      await shell(`mv /usr/bin/rsync /usr/bin/rsync.real
        printf '#!/bin/sh\ncase "$*" in *--dry-run*) kill -9 $PPID;; *) exec rsync.real "$@";; esac\n' > /usr/bin/rsync
        chmod 0755 /usr/bin/rsync`);
      assert.match(await failingUp(server), /mail-volume use .*ended with -9/);
      await shell("mv /usr/bin/rsync.real /usr/bin/rsync");
      assert.equal(await mounted(), "");
      await shell(`grep -rlq '${mail.kept[0]}' /var/vmail/${server.domain}/info/Maildir`);
      const waiting = mail.letter(server, "while it moves");
      assert.equal((await server.peer.send(waiting)).code, 250);
      mail.kept.push(waiting.subject);
    });

    test("run again: the mail that is there moves, new mail lands on the volume, and the next up changes nothing", async () => {
      const { summary } = await server.up();
      assert.deepEqual(
        [summary.create, summary.update, summary.delete],
        [1, undefined, undefined],
        JSON.stringify(summary),
      );
      const { filesystem_path: device } = await mailVolume(server);
      assert.deepEqual((await mounted()).split(/\s+/), ["xfs", device]);
      assert.equal(await size(), 10);
      await mail.assertAllThere(server);
      await mail.deliver(server, "on the volume");
      await shell(`grep -rlq '${mail.kept[2]}' /var/vmail/${server.domain}/info/Maildir`);
      assert.equal(await shell("stat -c '%U:%G %a' /var/vmail"), "vmail:vmail 700\n");
      // What was moved is still where it was, under another name, and is older than the new mail.
      await shell(`grep -rlq '${mail.kept[0]}' /var/vmail.before-volume`);
      assert.equal(await shell(`grep -rl '${mail.kept[2]}' /var/vmail.before-volume || true`), "");
      assert.match(await shell("mailstack status"), /ok +mail volume +\d+ MiB free of 10\d\d\d/);
      await assertNothingToDo();
    });

    test("a reboot mounts it before Dovecot; nothing changed", async () => {
      await reboot(server);
      await untilWell(server);
      assert.match(await mounted(), /^xfs /);
      await mail.assertAllThere(server);
      await mail.deliver(server, "after the boot");
      await assertNothingToDo();
    });

    test("grown while a session is open, where the host sees the size; a smaller one is the API's to refuse", async () => {
      const [pid, uuid] = [await dovecot(), await shell("findmnt -no UUID /var/vmail")];
      setSize(12);
      const refused = await failingUp(server);
      assert.match(refused, /the volume has 12 GB, and this host still sees 10 GB of it; mail is well/);
      await mail.deliver(server, "before it grew");
      await showSize(await mailVolume(server));
      const { user, password } = await server.login("info");
      const session = server.system.exec(
        [
          "sh",
          "-c",
          `read -r login; (echo "a LOGIN $login"; echo "b SELECT INBOX"; sleep 25; echo "c NOOP"; echo "d LOGOUT"; sleep 2) |
          openssl s_client -quiet -connect localhost:993`,
        ],
        { input: `${user} ${password}\n` },
      );
      const { summary } = await server.up();
      assert.equal(summary.update, 1, JSON.stringify(summary));
      assert.equal(await size(), 12);
      assert.match((await session).stdout, /b OK[^]*c OK[^]*d OK/);
      assert.deepEqual([await dovecot(), await shell("findmnt -no UUID /var/vmail")], [pid, uuid]);
      setSize(11);
      assert.match(await failingUp(server), /Volumes can only be resized up/);
      setSize(12);
      await assertNothingToDo();
    });

    test("grown as Linode does it: the up asks for a reboot, which is enough; the next up agrees", async () => {
      setSize(13);
      assert.match(await failingUp(server), /reboot the host in Linode's console/);
      assert.equal(await size(), 12);
      await reboot(server);
      await untilWell(server);
      assert.equal(await size(), 13);
      await server.up();
      await mail.assertAllThere(server);
      await assertNothingToDo();
    });

    test("without its volume the host takes mail into its queue, and nothing into the empty folder", async () => {
      const [id, { id: volume }] = [await instanceId(server), await mailVolume(server)];
      await linode(server, "POST", `linode/instances/${id}/shutdown`);
      await untilStatus(server, id, "offline");
      await changeVolume(server, volume, "detach");
      await linode(server, "POST", `linode/instances/${id}/boot`);
      await untilStatus(server, id, "running");
      const status = async () => (await server.system.exec(["mailstack", "status"])).stdout;
      await until("the host says so", async () => /BAD +mail volume +is not mounted/.test(await status()), 90);
      const active = await server.system.exec(["systemctl", "is-active", "dovecot.service"]);
      assert.match(active.stdout, /inactive|failed/);
      const waiting = mail.letter(server, "while the volume is away");
      await until("Postfix takes it", async () => (await server.peer.send(waiting)).code === 250, 60);
      await until("it waits", async () => /info@.*/.test(await shell("postqueue -p")));
      assert.equal(await shell("ls -A /var/vmail"), ".mailstack-volume\n");

      await changeVolume(server, volume, "attach", { linode_id: id });
      await shell("systemctl restart dovecot; postqueue -f");
      mail.kept.push(waiting.subject);
      await mail.assertAllThere(server);
      await untilWell(server);
      await assertNothingToDo();
    });

    test("taken out of the stack it stays in the account, and mail stays on it", async () => {
      server.restoreConfig();
      await server.up();
      assert.equal((await mailVolumes(server)).length, 1);
      assert.match(await mounted(), /^xfs /);
      await mail.assertAllThere(server);
    });
  });
}

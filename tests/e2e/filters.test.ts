import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { failingUp } from "./support/applier";
import { eicar, eicarSignature, longGtube, putSignatures, signature, withFile } from "./support/filters";
import { instanceId, linode, untilWell } from "./support/linode";
import { forget, verdictOn } from "./support/rspamd";
import { oneSystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";
const user = "info";
const units = ["clamav-daemon.service", "clamav-daemon.socket", "clamav-freshclam.service", "spamd.service"];

for (const os of oneSystem("both systems have ClamAV 1 and SpamAssassin 4, with the same configuration of ours")) {
  describe(`filters on ${os}`, () => {
    let server: Server;
    const send = (letter: { subject: string; body?: string; raw?: string }) =>
      server.peer.send({ from: friend, to: server.address(user), server: server.hostname, ...letter });
    const sendFile = (subject: string, content?: string) =>
      send({ subject, raw: withFile(friend, server.address(user), subject, content) });
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const active = async () => {
      const asked = await Promise.all(units.map((unit) => server.system.exec(["systemctl", "is-active", unit])));
      return units.filter((_, index) => asked[index]!.stdout === "active\n");
    };
    const configure = (values: Record<string, unknown>) =>
      server.stack.configure((config) => {
        for (const [key, value] of Object.entries(values)) config.setIn(["config", `mailstack:${key}`], value);
      });
    const without = async (unit: string, work: () => Promise<void>) => {
      await shell(`systemctl stop ${unit} 2>&1`);
      try {
        await work();
      } finally {
        await shell(`systemctl start ${unit}`);
      }
    };

    before(async () => {
      server = await serverFor(os);
      await shell("rm -rf /var/lib/clamav/*");
    });
    // Who was put off once is put off again, whatever comes next.
    beforeEach(() => forget(server, "rg*", "RL*"));
    after(async () => {
      server.restoreConfig();
      // Another plan reboots the host.
      await server.up();
      await untilWell(server);
      await forget(server, "rg*", "RL*");
    });

    test("on a plan of 2 GB they are refused, and what is needed and what there is are named", async () => {
      configure({ clamav: true, spamAssassin: true });
      assert.match(
        await failingUp(server),
        /mailstack:clamav: needs a plan with 4000 MiB of memory, with mailstack:spamAssassin too, and mailstack:plan g6-standard-1 has 2048 MiB; choose/,
      );
    });

    test("without signatures the up says why there are none, and mail flows as before", async () => {
      configure({ plan: "g6-standard-2" });
      const output = await failingUp(server);
      assert.match(output, /clamav: prepare: `\/usr\/local\/libexec\/mailstack\/clamav-signatures` ended with 1/);
      assert.match(output, /The signatures of viruses cannot be fetched\. freshclam:[^]*Could(n't| not) resolve host/);
      assert.match(output, /everything was put back/);
      assert.deepEqual(await active(), []);
      assert.equal((await send({ subject: server.unique("before") })).code, 250);
    });

    test("the bigger plan has brought its bigger disk", async () => {
      const disks = await linode<{ data: { size: number }[] }>(
        server,
        "GET",
        `linode/instances/${await instanceId(server)}/disks`,
      );
      assert.equal(
        disks.data.reduce((sum, { size }) => sum + size, 0),
        81_920,
      );
    });

    test("switched on: they run, and status says so; the second up changes nothing", async () => {
      await putSignatures(server, eicarSignature);
      await server.up();
      assert.deepEqual(await active(), units);
      // Rspamd may still be starting anew, after its settings have changed.
      await untilWell(server);
      const status = await server.system.must(["mailstack", "status"]);
      assert.match(status, /ok {3}antivirus +ClamAV [\d.]+, signatures of 0 h ago/);
      assert.match(status, /ok {3}spamassassin +PONG/);
      const { summary } = await server.up();
      assert.deepEqual(Object.keys(summary), ["same"]);
    });

    test("a virus is refused while its sender is there; the same letter with another file passes at once", async () => {
      const virus = await sendFile(server.unique("virus"));
      assert.equal(virus.code, 554, virus.transcript);
      assert.match(virus.reply, /5\.7\.1 Virus found: .*Mailstack\.Test\.EICAR/);
      const clean = server.unique("clean");
      const sent = await sendFile(clean, "Figures of the quarter\n");
      assert.equal(sent.code, 250, sent.transcript);
      assert.match(await server.imapFind(user, clean), /\d/);
    });

    test("a user's virus is refused too", async () => {
      const subject = server.unique("own virus");
      const own = await server.peer.send({
        ...{ from: server.address(user), to: friend, subject, server: server.hostname, port: 587, tls: "required" },
        raw: withFile(server.address(user), friend, subject),
        ...(await server.login(user)),
      });
      assert.equal(own.code, 554, own.transcript);
    });

    test("new signatures count without a restart", async () => {
      const text = "This was harmless until today.";
      // The same letter again: what was found about it an hour ago does not count.
      const subject = server.unique("today");
      assert.equal((await sendFile(subject, text)).code, 250);
      const pid = () => shell("systemctl show --value -p MainPID clamav-daemon.service");
      const before = await pid();
      await putSignatures(server, eicarSignature + signature("Mailstack.Test.New", text));
      await shell("systemctl reload clamav-daemon.service");
      await until("it is refused", async () => (await sendFile(subject, text)).code === 554, 60);
      assert.equal(await pid(), before);
    });

    const long = "A line of a long letter.\n".repeat(2500);
    const mountOf = "pid=$(systemctl show --value -p MainPID clamav-daemon); nsenter -t $pid -m";
    for (const [what, stop, start] of [
      ["stopped", "systemctl stop clamav-daemon.socket clamav-daemon.service", "systemctl start clamav-daemon.service"],
      // Then it answers with errors, at which Rspamd's own scanner fails.
      ["without room to work", `${mountOf} mount -t tmpfs -o size=16k,mode=1777 none /tmp`, `${mountOf} umount /tmp`],
    ] as const)
      test(`clamd ${what}: mail is put off, viruses too, and comes in after`, async () => {
        const entrusted = server.unique("entrusted");
        let id = "";
        await shell(stop);
        try {
          for (const content of [long, eicar + long]) {
            const put = await sendFile(server.unique("put off"), content);
            assert.equal(put.code, 451, put.transcript);
            assert.match(put.reply, /4\.7\.1 The virus scanner is not available, try again later/);
          }
          const letter = { from: friend, to: server.address(user), subject: entrusted, body: long };
          ({ id } = await server.peer.sendThroughExim(letter));
          await server.peer.flush();
          const deferred = async () => (await server.peer.delivery(id)).attempts.at(-1)?.state === "deferred";
          await until("the peer was put off", deferred);
        } finally {
          await shell(start);
        }
        await untilWell(server);
        await server.peer.flush();
        await server.peer.delivered(id);
        assert.match(await server.imapFind(user, entrusted), /\d/);
      });

    test("clamd hung: mail is put off, and status tells", async () => {
      await shell("systemctl kill -s STOP clamav-daemon.service");
      try {
        const put = await sendFile(server.unique("put off"));
        assert.equal(put.code, 451, put.transcript);
        assert.match(
          (await server.system.exec(["mailstack", "status"])).stdout,
          /BAD {2}antivirus +.*(clamd: timed out|did not end)/,
        );
      } finally {
        await shell("systemctl kill -s CONT clamav-daemon.service");
      }
      await untilWell(server);
    });

    test("SpamAssassin scores GTUBE, and Rspamd adds ten points of it at most: Junk", async () => {
      const sent = await send({ subject: server.unique("long GTUBE"), body: longGtube });
      const verdict = await verdictOn(server, sent.messageId);
      assert.match(verdict, /SPAMD\(10\.00\)\{[^}]*GTUBE/);
      // Put off once, like whatever goes to Junk.
      assert.equal(sent.code, 451, sent.transcript);
      await forget(server, "rg*");
      const clean = await send({ subject: server.unique("clean") });
      assert.equal(clean.code, 250, clean.transcript);
      assert.doesNotMatch(await verdictOn(server, clean.messageId), /SPAMD|CLAMAV/);
    });

    test("SpamAssassin stopped: mail passes with Rspamd's verdict, status tells", async () => {
      await without("spamd.service", async () => {
        const sent = await send({ subject: server.unique("without") });
        assert.equal(sent.code, 250, sent.transcript);
        assert.match(await verdictOn(server, sent.messageId), /SPAMD_FAIL/);
        assert.match((await server.system.exec(["mailstack", "status"])).stdout, /BAD {2}spamassassin/);
      });
      await untilWell(server);
    });

    test("killed daemons come back by themselves", async () => {
      await shell("systemctl kill -s KILL clamav-daemon.service spamd.service");
      await until("both are back", async () => {
        const checks = ["/usr/local/libexec/mailstack/clamav-check", "/usr/local/libexec/mailstack/spamassassin-check"];
        return (await server.system.exec(["sh", "-c", checks.join(" && ")])).exitCode === 0;
      });
      assert.equal((await sendFile(server.unique("virus"))).code, 554);
    });

    test("nobody else may ask them, they have no network, and little can be reached from them", async () => {
      for (const path of ["/run/clamav/clamd.ctl", "/run/spamd/spamd.sock"]) {
        const connect = `import socket; socket.socket(socket.AF_UNIX).connect("${path}")`;
        const knocking = await server.system.exec(["runuser", "-u", "www-data", "--", "python3", "-c", connect]);
        assert.match(knocking.stderr, /PermissionError/, path);
      }
      for (const [unit, limit] of [
        ["clamav-daemon.service", 1.5],
        ["spamd.service", 2.5],
        ["clamav-freshclam.service", 3.5],
      ] as const) {
        const words = await shell(`systemd-analyze security --no-pager ${unit} | tail -n 1`);
        assert.ok(Number(/: (\d+\.\d)/.exec(words)?.[1]) <= limit, words);
      }
      assert.doesNotMatch(await shell("ss -Hltnp"), /"(clamd|spamd|perl|freshclam)/);
    });

    test("switched off: the daemons are gone and mail flows; the second up changes nothing", async () => {
      configure({ clamav: false, spamAssassin: false });
      await server.up();
      assert.deepEqual(await active(), []);
      await untilWell(server);
      for (const unit of [...units, "spamassassin-maintenance.timer", "clamav-freshclam-once.timer"])
        assert.equal((await server.system.exec(["systemctl", "is-enabled", unit])).stdout.trim(), "disabled", unit);
      const sent = await sendFile(server.unique("unseen"));
      assert.equal(sent.code, 250, sent.transcript);
      const status = await server.system.must(["mailstack", "status"]);
      assert.match(status, /ok {3}antivirus +off/);
      assert.match(status, /ok {3}spamassassin +off/);
      const { summary } = await server.up();
      assert.deepEqual(Object.keys(summary), ["same"]);
    });
  });
}

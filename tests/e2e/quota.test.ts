import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fillMailbox } from "./support/full-mailbox";
import { imap, uidsOf } from "./support/imap";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";
/** sales@ is an alias of this one in Pulumi.local.yaml. */
const user = "info";
const quotaMb = 10;
const mib = 1024 * 1024;
const service = "mailstack-mailbox-quota";

for (const os of everySystem) {
  describe(`quota on ${os}`, () => {
    let server: Server;
    const send = (to: string[], subject = server.unique("quota"), sizeMb?: number) =>
      server.peer.send({
        ...{ from: friend, to: to.map((name) => server.address(name)), subject, server: server.hostname },
        ...(sizeMb === undefined ? {} : { sizeMb }),
      });
    const empty = async (folder: string) => {
      await server.system.must(["doveadm", "expunge", "-u", server.address(user), "mailbox", folder, "all"]);
    };
    const warned = async (percent: number) =>
      (await uidsOf(server, user, "INBOX", `Your mailbox is ${percent} % full`)).length;
    const deliver = (...sizes: number[]) => fillMailbox(server, user, sizes);

    before(async () => {
      server = await serverFor(os);
      server.stack.configure((config) => {
        config.setIn(["config", "mailstack:users", server.userIndex(user), "quotaMb"], quotaMb);
        const aliases = config.getIn(["config", "mailstack:aliases"]) as { items: unknown[] };
        for (const [name, ...destinations] of [
          ["front", "sales"],
          ["team", user, "tech"],
        ] as const)
          aliases.items.push(
            config.createNode({
              address: server.address(name),
              destinations: destinations.map((each) => server.address(each)),
            }),
          );
      });
      const { summary } = await server.up();
      assert.equal(summary.update, 1, JSON.stringify(summary));
      for (const folder of ["INBOX", "Trash", "Junk"]) await empty(folder);
    });
    after(async () => {
      for (const folder of ["INBOX", "Trash"]) await empty(folder);
      server.restoreConfig();
      await server.up();
    });

    test("the user is told at 80 and at 95 percent, once each", async () => {
      assert.equal((await send([user], server.unique("first"), 7)).code, 250);
      await server.imapFind(user, "first debian");
      assert.equal(await warned(80), 0);
      assert.equal((await send([user], server.unique("second"), 1.4)).code, 250);
      await until("the user is told of 80 %", async () => (await warned(80)) === 1);
      assert.equal(await warned(95), 0);
      assert.equal((await send([user], server.unique("third"), 1.2)).code, 250);
      await until("the user is told of 95 %", async () => (await warned(95)) === 1);
      assert.equal(await warned(80), 1);
    });

    test("a full mailbox is refused at RCPT, also behind aliases and with a tag", async () => {
      assert.match(await deliver(mib / 4, mib / 16, mib / 128, 1000, 300), /^552 .*5\.2\.2/);
      for (const name of [user, "sales", "front", `${user}+shop`, user.toUpperCase()]) {
        const refused = await send([name]);
        assert.equal(refused.code, 552, `${name}: ${refused.transcript}`);
        assert.match(refused.transcript, /RCPT TO:.*\n<[~-]\* +552 5\.2\.2 .*Mailbox is full/);
      }
      // No bounce to a sender who may be made up.
      assert.equal((await server.system.must(["postqueue", "-j"])).trim(), "");
    });

    test("others are not touched: not in the same message, not on the same list", async () => {
      const subject = server.unique("others");
      assert.equal((await send(["tech"], subject)).code, 250);
      assert.match(await server.imapFind("tech", subject), /\d/);
      const listed = server.unique("team");
      assert.equal((await send(["team"], listed)).code, 250);
      assert.match(await server.imapFind("tech", listed), /\d/);
    });

    test("the administrator and the webmail see how full it is", async () => {
      assert.match(
        await server.system.must(["mailstack", "status"]),
        new RegExp(`ok {3}mailboxes +\\d+ mailboxes, fullest: ${server.address(user)} (99|100) %`),
      );
      const [roots] = await imap(server, user, [["getquotaroot", "INBOX"]]);
      const [, used, limit] = /\(STORAGE (\d+) (\d+)\)/.exec(roots ?? "") ?? [];
      assert.equal(Number(limit), quotaMb * 1024);
      assert.ok(Number(used) > 0.97 * Number(limit), roots);
    });

    test("what is full can be tidied: to Trash and out of it, and mail comes in again", async () => {
      const uids = await uidsOf(server, user, "INBOX", "second");
      await imap(server, user, [
        ["select", "INBOX"],
        ["uid", "MOVE", uids.join(","), "Trash"],
      ]);
      await empty("Trash");
      const subject = server.unique("again");
      assert.equal((await send(["sales"], subject)).code, 250);
      assert.match(await server.imapFind(user, subject), /\d/);
    });

    test("it is shut in: no network, no other rights, little exposure", async () => {
      const words = await server.system.must(["systemd-analyze", "security", "--no-pager", `${service}.service`]);
      const exposure = Number(/Overall exposure level[^:]*: ([\d.]+)/.exec(words)?.[1]);
      assert.ok(exposure < 2, words.split("\n").at(-2));
    });

    test("without it mail is taken all the same, and a killed one comes back", async () => {
      await server.system.must(["systemctl", "kill", "--signal=KILL", `${service}.service`]);
      assert.equal((await send(["sales"])).code, 250);
      await server.system.must(["systemctl", "stop", `${service}.socket`, `${service}.service`]);
      try {
        assert.equal((await send(["tech"])).code, 250);
        const { stdout } = await server.system.exec(["mailstack", "status"]);
        assert.match(stdout, /BAD {2}quota/);
      } finally {
        await server.system.must(["systemctl", "start", `${service}.socket`]);
      }
      await server.system.must(["mailstack", "status"]);
    });
  });
}

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { systems, type SystemName } from "../../components/deployment/systems";
import { assertDelivers } from "./support/applier";
import { withLittleRoom } from "./support/breakage";
import { gtube } from "./support/letters";
import { untilWell } from "./support/linode";
import { inventory } from "./support/load";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const friend = "friend@peer.example";
/** "Try again later", to STARTTLS or to the mail itself (RFC 5321, 4.2.1). */
const isLater = (code: number) => code >= 400 && code < 500;

for (const os of everySystem) {
  describe(`faults of services on ${os}`, () => {
    let server: Server;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const subject = `fault-${Date.now()}`;
    before(async () => {
      server = await serverFor(os);
    });
    after(async () => {
      await untilWell(server);
      const query = ["mailbox", "*", "subject", subject];
      await server.system.must(["doveadm", "expunge", "-u", server.address("ceo"), ...query]);
    });

    const letter = (body = "hello\n") => ({ from: friend, to: server.address("ceo"), subject, body });
    /** Mail by a server that tries again: the peer's own. */
    const entrust = async () => server.peer.sendThroughExim(letter());
    /** One try, whose answer is ours. */
    const attempt = async (body?: string) => server.peer.send({ ...letter(body), server: server.hostname });
    const inbox = async (messageId: string) => {
      const text = await server.system.must(["python3", "-c", inventory, server.domain]);
      const found = JSON.parse(text) as Record<string, Record<string, number>>;
      return found.ceo?.[messageId.replace(/[<>]/g, "")] ?? 0;
    };
    /** The peer tries until it has handed over all of them; then each must be in the mailbox. */
    async function assertArrive(entrusted: { id: string; messageId: string }[]): Promise<void> {
      await until(
        "the peer has handed over everything",
        async () => {
          await server.peer.flush();
          return (await Promise.all(entrusted.map(({ id }) => server.peer.delivery(id)))).every((one) => one.completed);
        },
        60,
      );
      // What Dovecot could not take while it was away: Postfix would try again in five minutes.
      await server.system.must(["postqueue", "-f"]);
      for (const { id, messageId } of entrusted) {
        const { attempts } = await server.peer.delivery(id);
        assert.equal(attempts.at(-1)?.state, "delivered", JSON.stringify(attempts));
        await until(`${messageId} is in the mailbox`, async () => (await inbox(messageId)) > 0, 40);
      }
    }

    const mainPid = async (unit: string) => (await shell(`systemctl show --value -p MainPID ${unit}`)).trim();
    const { phpFpmUnit } = systems[os as SystemName];
    const daemons = (postfixUnit: string) => [
      postfixUnit,
      "dovecot.service",
      "rspamd.service",
      "redis-server.service",
      "unbound.service",
      "fail2ban.service",
      "nginx.service",
      phpFpmUnit,
      "rsyslog.service",
      "ssh.service",
    ];

    /** The webmail's page, which is made by PHP behind nginx. */
    async function assertWebmailComes(): Promise<void> {
      const curl = ["curl", "--silent", "--show-error", "--fail", "--cacert", server.trustFile];
      const page = await server.inCloud([...curl, `https://webmail.${server.domain}/`]);
      assert.match(page.stdout, /id="rcmloginuser"/, page.stderr);
    }

    test("kill -9 of each daemon while mail flows: it returns by itself, and no mail is lost", async (context) => {
      for (const unit of daemons(server.postfixUnit))
        await context.test(unit, async () => {
          const before = await mainPid(unit);
          const taken = [await attempt()].filter(({ code }) => code === 250);
          const entrusted = [await entrust()];
          await shell(`kill -KILL ${before}`);
          entrusted.push(await entrust(), await entrust());
          const back = async () => {
            const pid = await mainPid(unit);
            const state = await server.system.exec(["systemctl", "is-active", unit]);
            return pid !== before && pid !== "0" && state.stdout === "active\n";
          };
          await until(`${unit} is back`, back, 30);
          await untilWell(server, 60);
          await assertArrive(entrusted);
          for (const { messageId } of taken)
            await until(`${messageId} is there`, async () => (await inbox(messageId)) > 0);
          await assertDelivers(server);
          await assertWebmailComes();
        });
    });

    test("Rspamd down: mail waits at its sender, none comes in unfiltered; then it comes, filtered", async () => {
      await shell("systemctl stop rspamd.service");
      let entrusted: { id: string; messageId: string };
      try {
        const answer = await attempt();
        assert.ok(isLater(answer.code), answer.transcript);
        assert.ok(isLater((await attempt(`${gtube}\n`)).code));
        entrusted = await entrust();
        await server.peer.flush();
        const { id } = entrusted;
        const state = async () => (await server.peer.delivery(id)).attempts.at(-1)?.state;
        await until("the peer has tried", async () => (await state()) !== undefined);
        assert.equal(await state(), "deferred");
      } finally {
        await shell("systemctl start rspamd.service");
      }
      await untilWell(server);
      await assertArrive([entrusted]);
      const head = await shell(
        `grep -rlF '${entrusted.messageId}' /var/vmail/${server.domain}/ceo/Maildir/*/ | xargs cat`,
      );
      assert.match(head, /^Authentication-Results: [^;]*;/m);
      assert.equal((await attempt(`${gtube}\n`)).code, 554);
    });

    async function assertOnce(messageId: string): Promise<void> {
      await until(`${messageId} is in the mailbox`, async () => (await inbox(messageId)) > 0);
      assert.equal(await inbox(messageId), 1);
    }
    /** It is in the mailbox, once, and was looked at. */
    async function assertFiltered(messageId: string): Promise<void> {
      await assertOnce(messageId);
      const head = await shell(`grep -rlF '${messageId}' /var/vmail/${server.domain}/ceo/Maildir/*/ | xargs cat`);
      assert.match(head, /^X-Spam-Status: No, /m);
    }

    test("Redis down: mail is filtered and delivered all the same, and spam is refused", async () => {
      await shell("systemctl stop redis-server.service");
      try {
        const spam = await attempt(`${gtube}\n`);
        assert.equal(spam.code, 554, spam.transcript);
        const good = await attempt();
        assert.equal(good.code, 250, good.transcript);
        await assertFiltered(good.messageId);
        assert.equal(
          (await server.system.exec(["systemctl", "is-active", "redis-server.service"])).stdout,
          "inactive\n",
        );
      } finally {
        await shell("systemctl start redis-server.service");
      }
      await untilWell(server);
      await assertDelivers(server);
    });

    test("Dovecot down: Postfix keeps what it takes, delivers when Dovecot is back, and tries nothing else then", async () => {
      // Nobody answers there.
      const dead = "postmaster@[203.0.113.254]";
      const own = `<${Date.now()}@${server.hostname}>`;
      const tries = async () =>
        Number(await shell(`journalctl -o cat --since=-10min | grep -cF 'to=<${dead}>' || true`));
      const write = (to: string, head: string) => shell(`printf '${head}\\n\\nhello\\n' | sendmail '${to}'`);
      await write(dead, "Subject: x");
      await until("a mail waits for another server", async () => (await tries()) > 0, 60);
      await shell("systemctl stop dovecot.service");
      const taken = [own];
      let tried: number;
      try {
        const answer = await attempt();
        assert.equal(answer.code, 250, answer.transcript);
        taken.push(answer.messageId);
        await write(server.address("ceo"), `Subject: ${subject}\\nMessage-ID: ${own}`);
        const waits = async () => (await shell("postqueue -j")).includes("[private/dovecot-lmtp]");
        await until("Postfix has tried to deliver it", waits, 60);
        for (const id of taken) assert.equal(await inbox(id), 0, `${id} is there without Dovecot`);
        tried = await tries();
      } finally {
        await shell("systemctl start dovecot.service");
      }
      await untilWell(server);
      for (const id of taken) await assertOnce(id);
      assert.equal(await tries(), tried);
      await shell(`postqueue -j | grep -F '${dead}' | sed -E 's/.*"queue_id": "([^"]+)".*/\\1/' | postsuper -d -`);
    });

    test("no room for the queue: 452, and mail is taken again as soon as there is room", async () => {
      const { postfixUnit } = server;
      const units = [postfixUnit, "dovecot.service", "mailstack-mailbox-quota.socket"];
      await withLittleRoom(server, "/var/spool/postfix", units, async (makeRoom) => {
        const answer = await attempt();
        assert.equal(answer.code, 452, answer.transcript);
        const entrusted = await entrust();
        await makeRoom();
        await assertArrive([entrusted]);
      });
      await untilWell(server);
      await assertDelivers(server);
    });

    test("no room for mailboxes: mail stays in the queue, not bounced, and is delivered when there is room", async () => {
      const home = `/var/vmail/${server.domain}/ceo`;
      let messageId = "";
      await withLittleRoom(server, home, [], async (makeRoom) => {
        const answer = await attempt(`${"x".repeat(70)}\n`.repeat(30_000));
        assert.equal(answer.code, 250, answer.transcript);
        messageId = answer.messageId;
        const queued = async () => (await shell("postqueue -j")).includes('"queue_name": "deferred"');
        await until("the mail is put off", queued, 30);
        assert.match(await shell("postqueue -j"), /"delay_reason": "[^"]*(4\.\d\.\d|452|451)/);
        await makeRoom();
        await shell("postqueue -f");
        await until("it is delivered", async () => (await inbox(messageId)) > 0, 60);
      });
    });
  });
}

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { addresses } from "../../local-cloud/contracts";
import { gtube } from "./support/letters";
import { holdMemory, inventory, memoryOf, readers, sender, type LoadJob, type LoadMessage } from "./support/load";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const users = ["ceo", "info", "support", "admin", "tech"];
/** What the specification leaves to the web server, Node.js and MongoDB (3.1). */
const otherServicesMiB = 700;
const patience = 240_000;

for (const os of everySystem) {
  describe(`load on ${os}`, () => {
    let server: Server;
    const run = `load-${Date.now()}`;
    before(async () => {
      server = await serverFor(os);
      const unit = ["systemd-run", "--quiet", "--collect", "--unit=other-services"];
      await server.system.must([...unit, "python3", "-c", holdMemory, String(otherServicesMiB)]);
    });
    after(async () => {
      await server.system.exec(["systemctl", "stop", "other-services.service"]);
      for (const user of users) {
        const query = ["mailbox", "*", "subject", run];
        await server.system.must(["doveadm", "expunge", "-u", server.address(user), ...query]);
      }
    });

    /** So many messages over five sessions, user by user. */
    const messages = (kind: string, count: number, from: (user: string) => string, body: string): LoadMessage[] =>
      Array.from({ length: count }, (_, index) => {
        const user = users[index % users.length]!;
        const to = server.address(users[(index + 1) % users.length]!);
        return { id: `${run}-${kind}-${index}@test`, from: from(user), to, subject: `${run} ${kind} ${index}`, body };
      });
    const anonymous = (all: LoadMessage[]): LoadJob["sessions"] =>
      users.map((_, number) => ({ messages: all.filter((__, index) => index % users.length === number) }));
    const loggedIn = (all: LoadMessage[]) =>
      Promise.all(
        users.map(async (user) => {
          const login = await server.login(user);
          return { ...login, messages: all.filter(({ from }) => from === login.user) };
        }),
      );
    type Codes = Record<string, number>;
    const send = async (job: Omit<LoadJob, "server">): Promise<Codes> => {
      const input = JSON.stringify({ server: server.hostname, ...job });
      const answer = await server.inCloud(["python3", "-c", sender], input, patience);
      assert.equal(answer.exitCode, 0, answer.stderr);
      return JSON.parse(answer.stdout) as Codes;
    };
    const sendFromPeer = async (job: Omit<LoadJob, "server">): Promise<Codes> => {
      const input = JSON.stringify({ server: server.hostname, ...job });
      return JSON.parse(
        await server.peer.system.must(["python3", "-c", sender], { input, timeout: patience }),
      ) as Codes;
    };
    const standIn = async () => {
      const script = "grep -hE '^Vm(RSS|Swap)' /proc/$(systemctl show --value -p MainPID other-services)/status";
      const sizes = await server.system.must(["sh", "-c", script]);
      return [...sizes.matchAll(/(\d+) kB/g)].reduce((sum, match) => sum + Number(match[1]), 0) / 1024;
    };

    test("10 IMAP clients, 100 messages, 20 MB attachments and 100 spam messages, beside 700 MB of others", async (context) => {
      await until("the others have their memory", async () => (await standIn()) >= otherServicesMiB, 60);
      const before = memoryOf(server);
      assert.equal(before.limit, 2 * 1024 ** 3);

      const last = `${run} last`;
      const logins = await Promise.all([...users, ...users].map((user) => server.login(user)));
      const reading = server.inCloud(
        ["python3", "-c", readers],
        JSON.stringify({
          server: server.hostname,
          subject: last,
          logins: logins.map((one) => [one.user, one.password]),
        }),
        patience,
      );
      const address = (user: string) => server.address(user);
      const stranger = () => "friend@peer.example";
      const inbound = messages("inbound", 50, stranger, "good news\n");
      const internal = messages("internal", 50, address, "to a colleague\n");
      const large = messages("large", 2, address, "").map((one) => ({ ...one, attachmentBytes: 20_000_000 }));
      const spam = messages("spam", 100, stranger, gtube);
      // Postfix takes 50 messages a minute from one address at one port, so the spam has two origins of its own.
      const results = await Promise.all([
        sendFromPeer({ port: 25, tls: "starttls", sessions: anonymous(inbound) }),
        send({ port: 587, tls: "starttls", sessions: await loggedIn(internal) }),
        send({ port: 465, tls: "wrapped", sessions: await loggedIn(large) }),
        send({ port: 25, tls: "starttls", source: addresses.gateway, sessions: anonymous(spam.slice(0, 50)) }),
        send({ port: 25, tls: "starttls", source: addresses.dns, sessions: anonymous(spam.slice(50)) }),
      ]);
      const codes = Object.assign({}, ...results) as Codes;
      const goodbye = messages("goodbye", users.length, address, "").map((one) => ({ ...one, subject: last }));
      Object.assign(codes, await send({ port: 465, tls: "wrapped", sessions: await loggedIn(goodbye) }));

      const read = await reading;
      const { looks, faults } = JSON.parse(read.stdout) as { looks: number[]; faults: string[] };
      assert.deepEqual(faults, []);
      assert.equal(looks.length, 10);
      const wanted = [...inbound, ...internal, ...large, ...goodbye];
      assert.deepEqual(
        wanted.filter(({ id }) => codes[id] !== 250).map(({ id }) => [id, codes[id]]),
        [],
        "all taken",
      );
      assert.deepEqual(
        spam.filter(({ id }) => codes[id] !== 554).map(({ id }) => [id, codes[id]]),
        [],
        "no spam taken",
      );

      await until("the queue is empty", async () => (await server.system.must(["postqueue", "-j"])).trim() === "", 60);
      const text = await server.system.must(["python3", "-c", inventory, server.domain]);
      const found = JSON.parse(text) as Record<string, Record<string, number>>;
      for (const { id, to } of wanted) assert.equal(found[to.split("@")[0]!]?.[id], 1, `${id} in the mailbox of ${to}`);
      const strayed = Object.values(found).flatMap((one) =>
        Object.keys(one).filter((id) => id.startsWith(`${run}-spam`)),
      );
      assert.deepEqual(strayed, []);

      const { peak, killed } = memoryOf(server);
      context.diagnostic(`peak ${Math.round(peak / 1024 ** 2)} of 2048 MiB, page cache included`);
      assert.equal(killed, before.killed, "the kernel ended a process for its memory");
      assert.ok((await standIn()) >= otherServicesMiB, "the others still have their memory");
      assert.equal((await server.system.exec(["mailstack", "status"])).exitCode, 0);
    });
  });
}

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fencedLines, wordsOf } from "../support/documents";
import { BackupServer } from "./support/backup-server";
import { untilWell } from "./support/linode";
import { Server } from "./support/servers";
import { until } from "./support/until";

const file = "docs/admin/replace-host.md";
const lines = fencedLines({ file, text: readFileSync(file, "utf8") }).map(({ line }) => line);
const friend = "friend@peer.example";

/** A letter that somebody has taken, and must not lose. */
interface Taken {
  subject: string;
  at: number;
}

describe("a host of debian12 is replaced by one of debian13, under mail", () => {
  let server: Server;
  let target: BackupServer;
  const shell = (script: string) => server.system.must(["sh", "-ec", script], { timeout: 600_000 });
  const incoming: Taken[] = [];
  const outgoing: Taken[] = [];
  let over = false;
  let streams: Promise<unknown> = Promise.resolve();

  /** By MX, through the peer's queue: whatever it takes has to arrive. */
  async function receive(to: string): Promise<void> {
    for (; !over; await sleep(1000)) {
      const subject = server.unique(`in ${incoming.length}`);
      await server.peer.sendThroughExim({ from: friend, to, subject, body: "hello\n" });
      incoming.push({ subject, at: Date.now() });
    }
  }

  /** A mail program: what the server has not taken is still in its outbox. */
  async function submit(login: { user: string; password: string }): Promise<void> {
    for (; !over; await sleep(1000)) {
      const subject = server.unique(`out ${outgoing.length}`);
      const letter = { from: login.user, to: friend, subject, body: "hello\n" };
      const door = { server: server.hostname, port: 465, tls: "wrapped" as const, ...login };
      const { code } = await server.peer.send({ ...letter, ...door });
      if (code === 250) outgoing.push({ subject, at: Date.now() });
    }
  }

  /** Runs a command of the page; a preview would only repeat what `up` says. */
  async function run(line: string): Promise<{ exitCode: number; said: string }> {
    const [program, ...words] = wordsOf(line);
    const unasked = words[0] === "up" ? ["--yes", "--skip-preview"] : [];
    const { exitCode, stdout, stderr } =
      program === "pulumi"
        ? await server.stack.pulumi([...words, ...unasked], { reject: false })
        : await server.system.exec(["sh", "-ec", line], { timeout: 600_000 });
    return { exitCode: exitCode ?? 1, said: stdout + stderr };
  }
  async function must(line: string): Promise<void> {
    const { exitCode, said } = await run(line);
    assert.equal(exitCode, 0, `${line}\n${said}`);
  }

  before(async () => {
    server = await Server.open("debian12", { name: "moving", domain: "moving.example" });
    target = await BackupServer.of(server, "moving");
    await server.up();
  });
  after(async () => {
    over = true;
    await streams;
    server.stack.configure((config) => config.setIn(["config", "mailstack:protect"], false));
    await server.stack.pulumi(["up", "--yes", "--skip-preview"]);
    await server.stack.pulumi(["destroy", "--yes", "--skip-preview"]);
    await target.close();
  });

  test("no letter is lost or doubled, what waited in the queue arrives, and a forgotten step is refused", async (t) => {
    const to = server.address("info");
    const held = server.unique("held");
    // Something that waits at the moment of the change.
    await shell(`printf 'From: ${to}\nSubject: ${held}\n\nhello\n' | sendmail -f ${to} ${friend}; postsuper -h ALL`);
    streams = Promise.all([receive(to), submit(await server.login("info"))]);
    const some = async (taken: Taken[]) => {
      const enough = taken.length + 5;
      await until("five more letters were taken", async () => taken.length >= enough, 300);
    };
    await some(outgoing);

    const [allow, up, handOver, another, replace, protect, again] = lines;
    assert.equal(lines.length, 7, lines.join("\n"));
    await must(allow!);
    await must(up!);
    await must(another!);
    const forgotten = await run(replace!);
    assert.notEqual(forgotten.exitCode, 0, forgotten.said);
    assert.match(forgotten.said, /this host is at work.*`mailstack backup hand-over` here/s);
    await some(outgoing);

    await must(handOver!);
    const closed = await server.system.exec(["mailstack", "user", "lock", to]);
    assert.match(closed.stderr, /has handed its work over/);
    await must(replace!);
    server = await server.successor("debian13");
    assert.match(await shell("cat /etc/debian_version"), /^13/);
    await some(outgoing);
    over = true;
    await streams;
    const gaps = outgoing.slice(1).map(({ at }, index) => at - outgoing[index]!.at);
    t.diagnostic(
      `${incoming.length} letters in, ${outgoing.length} out; port 465 took nothing for ${Math.round(Math.max(...gaps) / 1000)} s`,
    );
    await must(protect!);
    await must(again!);
    await untilWell(server);

    await shell("postsuper -H ALL; postqueue -f");
    await until(
      "the peer has sent all",
      async () => {
        await server.peer.flush();
        return (await server.peer.queue()).length === 0;
      },
      300,
    );
    await assertOnce(incoming, () => shell("cd /var/vmail && grep -rhi '^Subject: in ' --include='*' . || true"));
    await assertOnce([...outgoing, { subject: held, at: 0 }], () =>
      server.peer.system.must(["sh", "-c", "grep -rhi -E '^Subject: (out|held) ' /var/mail/peer/friend || true"]),
    );
    const preview = await server.stack.pulumi(["preview", "--diff", "--expect-no-changes"], { reject: false });
    assert.equal(preview.exitCode, 0, preview.stdout + preview.stderr);
  });
});

/** Each subject is there, and once. */
async function assertOnce(taken: Taken[], found: () => Promise<string>): Promise<void> {
  const subjects = async () => (await found()).split("\n").map((line) => line.replace(/^subject: /i, "").trim());
  await until("everything has arrived", async () => {
    const there = new Set(await subjects());
    return taken.every(({ subject }) => there.has(subject));
  });
  const there = await subjects();
  assert.deepEqual(
    taken.filter(({ subject }) => there.filter((one) => one === subject).length !== 1),
    [],
  );
}

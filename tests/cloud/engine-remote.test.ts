/**
 * The command plugin over SSH, by the real CLI. The same expectations hold for the vendor's plugin:
 * MAILSTACK_ENGINE=vendor MAILSTACK_ENGINE_DIR=FOLDER.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import { loadSshHost } from "./engine/bundled-ssh-host";
import type { SshHost } from "./engine/ssh-host";
import { EngineStack, opened, summary, type Wish } from "./engine/stack";

const vendor = process.env.MAILSTACK_ENGINE === "vendor";
const { SshHost: Host, keyPassword, newKey, userPassword } = loadSshHost();

describe("engine over SSH", { concurrency: false }, () => {
  let stack: EngineStack;
  let host: SshHost;
  before(async () => {
    host = await Host.start();
    stack = await EngineStack.start();
    writeFileSync(join(stack.folder, "key"), host.user.private, { mode: 0o600 });
    writeFileSync(join(stack.folder, "locked-key"), host.lockedUser.private, { mode: 0o600 });
  });
  after(async () => {
    stack?.close();
    await host?.close();
  });

  const connection = (more: object = {}) => ({
    host: "127.0.0.1",
    port: host.port,
    keyFile: join(stack.folder, "key"),
    hostKey: host.key.public,
    dialErrorLimit: 1,
    ...more,
  });
  const remote = (args: object, more: Partial<Wish> = {}, to: object = {}): Wish => ({
    kind: "remote",
    name: "remote",
    args: { connection: connection(to), ...args },
    ...more,
  });
  /** What a failing `up` prints. */
  const failing = async (...wishes: Wish[]): Promise<string> => {
    stack.wish(wishes);
    const { code, text } = await stack.pulumi("up", "--yes", "--skip-preview");
    assert.notEqual(code, 0, text);
    assert.ok(!text.includes(host.user.private.split("\n")[1]!), "the private key is printed");
    return text;
  };
  const output = async (name: string, of = "remote") => (await stack.resources()).get(of)!.outputs[name];
  const emptied = () => stack.succeed("destroy", "--yes", "--skip-preview");

  it("runs a command with its input; what it prints is an output; nothing secret is in the state", async () => {
    const create = "cat; echo; echo warned >&2";
    stack.wish([remote({ create, stdin: "hidden-input" }, { secret: ["stdin"] })]);
    const text = await stack.up();
    assert.deepEqual(summary(text), { created: 2 }, text);
    assert.doesNotMatch(text, /warning/i);
    assert.match(text, /warned/);
    assert.equal(await output("stdout"), "hidden-input");
    assert.equal(await output("stderr"), "warned");
    assert.equal(opened(await output("stdin")), "hidden-input");
    const state = await stack.exported();
    const { stdin, connection: reached } = (
      JSON.parse(state) as {
        deployment: { resources: { type: string; outputs: Record<string, { ciphertext?: string }> }[] };
      }
    ).deployment.resources.find(({ type }) => type === "command:remote:Command")!.outputs;
    assert.ok(stdin!.ciphertext && reached!.ciphertext);
    assert.ok(!state.includes(host.user.private.split("\n")[1]!));
  });

  it("a second up, a preview and a refresh find nothing to do and do not connect", async () => {
    const { accepted } = host;
    assert.deepEqual(summary(await stack.up()), { unchanged: 2 });
    assert.deepEqual(summary(await stack.succeed("preview", "--diff")), { unchanged: 2 });
    await stack.succeed("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    assert.equal(host.accepted, accepted);
  });

  it("a changed input is an update; the preview shows the changed line, and what follows is not known yet", async () => {
    const bundle = (text: string) =>
      JSON.stringify({ service: "web", files: { "/etc/a": { content: `one\n${text}\n` } } });
    const follower: Wish = { ...remote({}), name: "follower", after: "remote" };
    const create = "wc -c";
    stack.wish([remote({ create, stdin: bundle("two") }), follower]);
    await stack.up();
    const update = 'cat > /dev/null; echo "was $PULUMI_COMMAND_STDOUT"';
    stack.wish([remote({ create, update, stdin: bundle("three and more") }), follower]);
    const preview = await stack.succeed("preview", "--diff");
    assert.match(preview, /- two\n\s*\+ three and more/, preview);
    assert.match(preview, /create: "echo after \d+" => \[unknown\]/, preview);
    assert.deepEqual(summary(await stack.up()), { updated: 2, unchanged: 1 });
    assert.match(String(await output("stdout")), /^was \d+$/);
    assert.match(String(await output("stdout", "follower")), /^after was \d+$/);
  });

  it("another trigger makes anew, then deletes the former", async () => {
    await emptied();
    const args = { create: "echo made", delete: "echo gone" };
    stack.wish([remote({ ...args, triggers: ["a"] })]);
    await stack.up();
    host.commands.length = 0;
    stack.wish([remote({ ...args, triggers: ["b"] })]);
    assert.deepEqual(summary(await stack.up()), { replaced: 1, unchanged: 1 });
    assert.deepEqual(host.commands, ["echo made", "echo gone"]);
  });

  it("a failure tells the command and what it printed, never the input; the next up tries again", async () => {
    await emptied();
    const flag = join(stack.folder, "flag");
    const create = `cat > /dev/null; echo "to say" && test -f ${flag} || exit 3`;
    const wish = remote({ create, stdin: "hidden-input" }, { secret: ["stdin"] });
    const text = await failing(wish);
    assert.match(
      text,
      /Process exited with status 3: running "cat > \/dev\/null; echo \\"to say\\" && test -f .*exit 3":\n\s*to say/,
      text,
    );
    assert.ok(!text.includes("hidden-input"));
    assert.equal((await stack.resources()).get("remote"), undefined);
    writeFileSync(flag, "");
    assert.deepEqual(summary(await stack.up()), { created: 1, unchanged: 1 });
    stack.wish([remote({ create: "echo second; exit 4" })]);
    assert.match((await stack.pulumi("up", "--yes", "--skip-preview")).text, /status 4/);
    assert.equal(await output("create"), create);
  });

  it("a host with another key is not told anything", async () => {
    await emptied();
    const other = newKey();
    const count = host.commands.length;
    const text = await failing(remote({ create: "echo made" }, {}, { hostKey: other.public }));
    assert.match(text, /after 1 failed attempts: ssh: handshake failed: ssh: host key mismatch/, text);
    assert.equal(host.commands.length, count);
  });

  it("a login that is refused, and a key that cannot be read, are told", async () => {
    const text = await failing(remote({ create: "echo made" }, {}, { keyFile: undefined, password: "wrong" }));
    assert.match(text, /after 1 failed attempts: ssh: handshake failed: ssh: unable to authenticate/, text);
    const unreadable = await failing(remote({ create: "echo made" }, {}, { keyFile: undefined, privateKey: "no key" }));
    assert.match(unreadable, /ssh: /, unreadable);
  });

  it("dials as often as allowed", async () => {
    const free = createServer();
    const port = await new Promise<number>((resolve) =>
      free.listen(0, "127.0.0.1", () => resolve((free.address() as { port: number }).port)),
    );
    await new Promise((resolve) => free.close(resolve));
    const text = await failing(remote({ create: "echo made" }, {}, { port, dialErrorLimit: 2 }));
    assert.match(text, /after 2 failed attempts: dial tcp 127\.0\.0\.1:\d+: connect: connection refused/, text);
    host.refuseNext = 3;
    stack.wish([remote({ create: "echo made" }, {}, { dialErrorLimit: 4 })]);
    await stack.up();
    assert.equal(host.refuseNext, 0);
  });

  it("a server that is being started anew, and resets what was connected, is dialled again", async () => {
    const resetting = createServer((socket) => socket.resetAndDestroy());
    const port = await new Promise<number>((resolve) =>
      resetting.listen(0, "127.0.0.1", () => resolve((resetting.address() as { port: number }).port)),
    );
    try {
      const text = await failing(remote({ create: "echo made" }, {}, { port, dialErrorLimit: 3 }));
      assert.match(text, /after 3 failed attempts: .*reset/i, text);
    } finally {
      await new Promise((resolve) => resetting.close(resolve));
    }
  });

  it("dials without limit until the program's time is over", { timeout: 60_000 }, async () => {
    host.refuseNext = Infinity;
    const start = Date.now();
    const text = await failing(remote({ create: "echo made" }, { seconds: 2 }, { dialErrorLimit: -1 }));
    host.refuseNext = 0;
    assert.match(text, /context deadline exceeded/, text);
    assert.ok(Date.now() - start < 20_000);
  });

  it("logs in by password, by an encrypted key, and through a proxy", async () => {
    await emptied();
    const direct = { keyFile: undefined, password: userPassword };
    const proxy = { host: "127.0.0.1", port: host.port, password: userPassword };
    const locked = { keyFile: join(stack.folder, "locked-key"), privateKeyPassword: keyPassword };
    stack.wish([
      { ...remote({ create: "echo by key" }, {}, locked), name: "key-login" },
      { ...remote({ create: "echo by password" }, {}, direct), name: "password-login" },
      { ...remote({ create: "echo by proxy" }, {}, { proxy }), name: "proxy-login" },
    ]);
    await stack.up();
    assert.equal(await output("stdout", "password-login"), "by password");
    assert.equal(await output("stdout", "proxy-login"), "by proxy");
    assert.equal(await output("stdout", "key-login"), "by key");
    await emptied();
  });

  it("copies a text and a file, and again only when they change", async () => {
    const [text, file] = [join(stack.folder, "new/folder/text"), join(stack.folder, "copied")];
    const source = join(stack.folder, "source");
    writeFileSync(source, "of the file\n");
    const wishes = (content: string): Wish[] => [
      { kind: "copy", name: "text", args: { connection: connection(), text: content, remotePath: text } },
      { kind: "copy", name: "file", args: { connection: connection(), file: source, remotePath: file } },
    ];
    stack.wish(wishes("of the text"));
    await stack.up();
    assert.equal(readFileSync(text, "utf8"), "of the text");
    assert.equal(readFileSync(file, "utf8"), "of the file\n");
    rmSync(file);
    stack.wish(wishes("changed"));
    assert.deepEqual(summary(await stack.up()), { updated: 1, unchanged: 2 });
    assert.equal(readFileSync(text, "utf8"), "changed");
    assert.ok(!existsSync(file));
    await emptied();
    assert.ok(existsSync(text));
  });

  it("an input that is not known is refused", async () => {
    stack.wish([remote({ create: "echo made", colour: "blue" })]);
    const { code, text } = await stack.pulumi("preview");
    // The SDK sends only what it knows.
    assert.equal(code, 0, text);
    const wrong = remote({ create: "echo made" }, {}, { colour: "blue" });
    stack.wish([wrong]);
    const refused = await stack.pulumi("preview");
    assert.notEqual(refused.code, 0, refused.text);
    assert.match(refused.text, /colour/);
  });

  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    it(
      `${signal} ends the session on the host`,
      { timeout: 60_000, skip: vendor && "the vendor's plugin waits for the command to end" },
      async () => {
        stack.wish([remote({ create: "echo started; sleep 600" })]);
        const { child, outcome } = stack.spawn("up", "--yes", "--skip-preview");
        while (!host.commands.at(-1)?.includes("sleep 600") || host.open.size === 0) await pause(100);
        child.kill(signal);
        const { code } = await outcome;
        assert.notEqual(code, 0);
        while (host.open.size > 0) await pause(100);
        host.commands.length = 0;
        await stack.pulumi("cancel", "--yes");
        assert.equal((await stack.resources()).get("remote"), undefined);
      },
    );
  }
});

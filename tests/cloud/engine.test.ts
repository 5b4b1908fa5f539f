/**
 * The engine (real CLI; language host and plugins of the project or the vendor's) with programs that need no host. The
 * same expectations hold for the vendor's pieces: MAILSTACK_ENGINE=vendor MAILSTACK_ENGINE_DIR=FOLDER.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { compare } from "bcryptjs";
import { EngineStack, opened, summary, type Wish } from "./engine/stack";

const password = (args: object = {}): Wish => ({
  kind: "password",
  name: "password",
  args: { length: 24, overrideSpecial: "_-", minLower: 3, minNumeric: 3, minSpecial: 3, minUpper: 3, ...args },
});
const bytes: Wish = { kind: "bytes", name: "bytes", args: { length: 16 } };
const local = (args: object, more: Partial<Wish> = {}): Wish => ({ kind: "local", name: "local", args, ...more });

describe("engine", { concurrency: false }, () => {
  let stack: EngineStack;
  before(async () => {
    stack = await EngineStack.start();
  });
  after(() => stack?.close());

  it("up makes what the program wants, without a warning; a second up changes nothing", async () => {
    stack.wish([password(), bytes, local({ create: "echo made" })]);
    const text = await stack.up();
    assert.deepEqual(summary(text), { created: 4 }, text);
    assert.doesNotMatch(text, /warning/i);
    assert.match(text, /the program prints/);
    assert.match(text, /result: \[secret\]/);
    assert.deepEqual(summary(await stack.up()), { unchanged: 4 });
    assert.deepEqual(summary(await stack.succeed("preview", "--diff")), { unchanged: 4 });
    const refreshed = await stack.succeed("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    assert.deepEqual(summary(refreshed), { unchanged: 4 }, refreshed);
  });

  it("a password has the asked characters, its hash is of it, and neither is readable in the state", async () => {
    const { outputs, id } = (await stack.resources()).get("password")!;
    const result = String(opened(outputs.result));
    assert.match(result, /^[A-Za-z0-9_-]{24}$/);
    for (const kind of [/[a-z]/g, /[A-Z]/g, /[0-9]/g, /[_-]/g]) {
      assert.ok((result.match(kind) ?? []).length >= 3, `${kind} in the password`);
    }
    const hash = String(opened(outputs.bcryptHash));
    assert.match(hash, /^\$2a\$10\$/);
    assert.ok(await compare(result, hash));
    assert.equal(id, "none");
    assert.equal(outputs.numeric, true);
    const state = await stack.exported();
    assert.ok(!state.includes(result) && !state.includes(hash));
  });

  it("a secret of the configuration stays secret", async () => {
    stack.wish([password(), bytes, local({ create: "echo made" })]);
    await stack.succeed("config", "set", "--secret", "token", "only-for-the-config");
    const text = await stack.up();
    assert.match(text, /token\s*: .*\[secret\]/, text);
    assert.ok(!(text + (await stack.exported())).includes("only-for-the-config"));
  });

  it("bytes have the asked length", async () => {
    const { outputs } = (await stack.resources()).get("bytes")!;
    const value = Buffer.from(String(opened(outputs.base64)), "base64");
    assert.equal(value.length, 16);
    assert.equal(opened(outputs.hex), value.toString("hex"));
  });

  it("other keepers draw a new password", async () => {
    const before = opened((await stack.resources()).get("password")!.outputs.result);
    stack.wish([password({ keepers: { round: "2" } }), bytes, local({ create: "echo made" })]);
    const preview = await stack.succeed("preview", "--diff");
    assert.match(preview, /\+-random:index\/randomPassword:RandomPassword: \(replace\)/, preview);
    assert.deepEqual(summary(await stack.up()), { replaced: 1, unchanged: 3 });
    assert.notEqual(opened((await stack.resources()).get("password")!.outputs.result), before);
  });

  it("inputs that contradict each other are refused by name", async () => {
    stack.wish([password({ minSpecial: 30 })]);
    const { code, text } = await stack.pulumi("up", "--yes", "--skip-preview");
    assert.notEqual(code, 0);
    assert.match(text, /length/i, text);
  });

  it("a password that exists is taken over", async () => {
    const words = ["random:index/randomPassword:RandomPassword", "taken", "Kept-Since-2019"];
    await stack.succeed("import", ...words, "--yes", "--skip-preview", "--generate-code=false", "--protect=false");
    const { outputs } = (await stack.resources()).get("taken")!;
    assert.equal(opened(outputs.result), "Kept-Since-2019");
    assert.equal(outputs.length, 15);
  });

  it("a local command gets directory, environment and input; its output ends without the newline", async () => {
    const args = { create: 'cat; echo; pwd; echo "$COLOUR" >&2', dir: "/usr", environment: { COLOUR: "blue" } };
    stack.wish([local({ ...args, stdin: "hidden-input" }, { secret: ["stdin"] })]);
    await stack.up();
    const { outputs } = (await stack.resources()).get("local")!;
    assert.equal(outputs.stdout, "hidden-input\n/usr");
    assert.equal(outputs.stderr, "blue");
    assert.equal(opened(outputs.stdin), "hidden-input");
  });

  it("an update runs `update` with the former output; destroy runs `delete`", async () => {
    const note = join(stack.folder, "note");
    const create = "echo first";
    stack.wish([
      local({ create, update: `echo "was $PULUMI_COMMAND_STDOUT"`, delete: `echo "$PULUMI_COMMAND_STDOUT" > ${note}` }),
    ]);
    await stack.succeed("destroy", "--yes", "--skip-preview");
    await stack.up();
    const changed = {
      create,
      update: `echo "then $PULUMI_COMMAND_STDOUT"`,
      delete: `echo "$PULUMI_COMMAND_STDOUT" > ${note}`,
    };
    stack.wish([local(changed)]);
    assert.deepEqual(summary(await stack.up()), { updated: 1, unchanged: 1 });
    assert.equal((await stack.resources()).get("local")!.outputs.stdout, "then first");
    await stack.succeed("destroy", "--yes", "--skip-preview");
    assert.equal(readFileSync(note, "utf8"), "then first\n");
    assert.equal((await stack.resources()).size, 0);
  });

  it("a program's error is told once, and a plan is there as JSON", async () => {
    stack.wish([], { fail: "on purpose" });
    const { code, text } = await stack.pulumi("preview");
    assert.notEqual(code, 0);
    assert.equal(text.split("the program fails: on purpose").length - 1, 1, text);
    assert.doesNotMatch(text, /non-zero exit code/);
    stack.wish([password()]);
    const { outcome } = stack.spawn("preview", "--json");
    const plan = JSON.parse((await outcome).text.replace(/^[^{]*/, "")) as { changeSummary: Record<string, number> };
    assert.deepEqual(plan.changeSummary, { create: 2 });
  });

  it("names the language to `pulumi about`", async () => {
    const about = await stack.succeed("about");
    assert.match(about, /language\s+nodejs/, about);
  });
});

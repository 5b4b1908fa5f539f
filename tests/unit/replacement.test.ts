import { beforeReplacing, leavesAllBehind, replacementOf } from "../../components/history/replacement";
import type { Past } from "../../components/history/history";
import { parseSettings } from "../../components/settings/parse";
import { instanceId } from "./support/fake-cloud";
import { recordMailServer } from "./support/mail-server";
import { stackValues } from "./support/stacks";
import { open, valueOf } from "./support/recorded-program";

const past: Past = {
  first: { domain: "ementech.co.ke", hostname: "mail.ementech.co.ke", selector: "ementech1" },
  hostname: "mail.ementech.co.ke",
  keys: {},
  published: [],
  guarded: "4242",
  address: "203.0.113.9",
  os: "debian12",
  region: "eu-central",
};
const host = { host: "4242", address: "203.0.113.9" };
const settingsWith = (change: Record<string, unknown>) =>
  parseSettings({ ...stackValues("prod"), os: "debian12", protect: false, ...change });
const moved = { os: "debian13", protect: false };

test("another system or region is another host; the same ones are not, nor is a stack without a host", () => {
  expect(replacementOf(past, settingsWith({ os: "debian13" }))).toEqual(host);
  expect(replacementOf(past, settingsWith({ region: "us-east" }))).toEqual(host);
  expect(replacementOf(past, settingsWith({}))).toBeUndefined();
  expect(replacementOf(undefined, settingsWith({ os: "debian13" }))).toBeUndefined();
});

test("after a replacement its resource stays as it was, until the next one", () => {
  const replaced = { host: "1", address: "203.0.113.1" };
  expect(replacementOf({ ...past, replaced }, settingsWith({}))).toEqual(replaced);
  expect(replacementOf({ ...past, replaced }, settingsWith({ os: "debian13" }))).toEqual(host);
});

test("a preview tells what to do before, and how to go on without a lost host", () => {
  const [line] = beforeReplacing(past, settingsWith({ os: "debian13" }));
  expect(line).toMatch(/replaces the host 4242 \(os debian12 -> debian13\).*`mailstack backup hand-over`/);
  expect(line).toMatch(/pulumi config set mailstack:abandonHost 4242$/);
  expect(beforeReplacing(past, settingsWith({}))).toEqual([]);
});

test("a host that is given up is not looked at; another one of the same stack is", () => {
  expect(replacementOf(past, settingsWith({ os: "debian13", abandonHost: "4242" }))).toBeUndefined();
  expect(beforeReplacing(past, settingsWith({ os: "debian13", abandonHost: "4242" }))).toEqual([]);
  expect(replacementOf(past, settingsWith({ os: "debian13", abandonHost: "1" }))).toEqual(host);
  expect(() => settingsWith({ abandonHost: "mail" })).toThrow("mailstack:abandonHost: must be the number");
});

test("without backups nothing would come along: refused, unless the host is given up", () => {
  const none = { os: "debian13", backupRepository: "" };
  expect(leavesAllBehind(past, settingsWith(none))).toEqual([
    expect.stringMatching(/^mailstack:os: the host has debian12; debian13 .*without mailstack:backupRepository/),
  ]);
  expect(leavesAllBehind(past, settingsWith({ ...none, abandonHost: "4242" }))).toEqual([]);
  expect(leavesAllBehind(past, settingsWith({ os: "debian13", backupRepository: "linode" }))).toEqual([]);
});

test("the instance waits until the host that leaves was looked at, by its own address", async () => {
  const server = await recordMailServer(moved, { past });
  const look = server.custom("mail-handed-over");
  expect(look.inputs).toMatchObject({ create: "/usr/local/sbin/mailstack backup handed-over", triggers: ["4242"] });
  expect(open(look.inputs.connection)).toMatchObject({ host: "203.0.113.9" });
  expect(server.waitsFor(server.custom("mail"), look)).toBe(true);
  expect(await valueOf(server.program.result.history)).toMatchObject({ replaced: host, guarded: instanceId });
});

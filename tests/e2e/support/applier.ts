import assert from "node:assert/strict";
import type { Options } from "execa";
import type { Bundle } from "../../../components/deployment/bundle";
import type { Server, UpResult } from "./servers";

/** Postfix's own settings, the file that the tests of faults change. */
export const mainCf = "/etc/postfix/main.cf";

/** What one `mailstack apply` did. */
export interface Applied {
  /** 137 when it was killed, as a shell tells it. */
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** The bundle of a service as the last `up` sent it, from the stack's own state. */
export async function bundleOf(server: Server, service: string): Promise<Bundle> {
  const { stdout } = await server.stack.pulumi(["stack", "export"]);
  const state = JSON.parse(stdout) as { deployment: { resources: { urn: string; inputs?: { stdin?: string } }[] } };
  const found = state.deployment.resources.find((one) => one.urn.endsWith(`command:remote:Command::mail-${service}`));
  assert.ok(found?.inputs?.stdin, `the state has no bundle of ${service}`);
  return JSON.parse(found.inputs.stdin) as Bundle;
}

/** The same bundle with one file's text changed. */
export function changed(bundle: Bundle, path: string, change: (text: string) => string): Bundle {
  const file = bundle.files[path];
  assert.ok(file, `the bundle of ${bundle.service} has no ${path}`);
  const content = change(file.content);
  assert.notEqual(content, file.content, `${path} was not changed`);
  return { ...bundle, files: { ...bundle.files, [path]: { ...file, content } } };
}

/** Runs the host's own `mailstack apply`, which is what the deployment runs by SSH. */
export async function apply(server: Server, bundle: Bundle, killAt?: string): Promise<Applied> {
  // Through a shell, because a program that is killed has no exit code of its own.
  const command = ["sh", "-c", `mailstack apply ${bundle.service}; exit $?`];
  const environment: Record<string, string> = killAt ? { MAILSTACK_TEST_KILL_AT: killAt } : {};
  return server.system.exec(command, { input: JSON.stringify(bundle), environment });
}

/** {@link apply} that must not fail. */
export async function applyWell(server: Server, bundle: Bundle): Promise<Applied> {
  const applied = await apply(server, bundle);
  assert.equal(applied.exitCode, 0, applied.stderr);
  return applied;
}

/** A `pulumi up` that must fail; all that it printed. */
export async function failingUp(server: Server, options: Options = {}, words: string[] = []): Promise<string> {
  const up = await server.stack.pulumi(["up", "--yes", "--skip-preview", ...words], { reject: false, ...options });
  const output = `${up.stdout}\n${up.stderr}`;
  assert.notEqual(up.exitCode, 0, `this up should have failed:\n${output}`);
  return output;
}

/** Everything of a service on the host is as its last good apply left it, and no apply left its own traces. */
export async function assertWhole(server: Server): Promise<void> {
  const verified = await server.system.exec(["mailstack", "verify"]);
  assert.equal(verified.exitCode, 0, verified.stdout + verified.stderr);
  const find = ["find", "/etc", "/var/lib", "-xdev", "-name", "*.mailstack.dpkg-*"];
  assert.equal(await server.system.must(find), "", "an apply left files of its own");
  assert.equal(await server.system.must(["ls", "-A", "/var/lib/mailstack/journal"]), "", "a journal is open");
}

/** An `up` updated so many resources, and made, replaced or deleted none. */
export function assertUpdated(summary: UpResult["summary"], count: number): void {
  assert.deepEqual(
    [summary.update, summary.create, summary.delete, summary.replace],
    [count, undefined, undefined, undefined],
  );
}

export const assertOneUpdate = (summary: UpResult["summary"]): void => assertUpdated(summary, 1);

/** Who has to know a new `messageSizeLimitMb`: Postfix, and the webmail for its uploads. */
export const assertNewSizeLimit = (summary: UpResult["summary"]): void => assertUpdated(summary, 2);

/** A mail from the peer arrives in a mailbox. */
export async function assertDelivers(server: Server): Promise<void> {
  const subject = `still delivers ${server.os} ${Date.now()}`;
  const letter = { from: "friend@peer.example", to: server.address("ceo"), subject };
  const sent = await server.peer.send({ ...letter, server: server.hostname });
  assert.equal(sent.code, 250, sent.transcript);
  assert.match(await server.imapFind("ceo", subject), /\d/);
}

/** Process id of Postfix's master; a reload keeps it, a restart does not. */
export async function postfixMaster(server: Server): Promise<string> {
  return (await server.system.must(["cat", "/var/spool/postfix/pid/master.pid"])).trim();
}

/** The first line that Postfix says to somebody who connects. */
export async function greeting(server: Server): Promise<string> {
  const script = `exec 3<>/dev/tcp/${server.hostname}/25 && read -r -t 20 line <&3 && echo "$line"`;
  const heard = await server.inCloud(["bash", "-c", script]);
  return heard.stdout || heard.stderr;
}

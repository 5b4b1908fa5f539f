/**
 * A stack of an earlier commit, updated by one `up` of this checkout while mail comes in. MAILSTACK_UPGRADE_FROM names the
 * commit, MAILSTACK_TEST_OS the system.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { SystemName } from "../../components/deployment/systems";
import { servicesOf } from "../../components/services";
import { findServer, localDomain, prepareStack, upStack, type LocalServer } from "../../local-cloud/cli/bring-up";
import { checkMail } from "../../local-cloud/cli/checks";
import { stopCloud } from "../../local-cloud/cloud/lifecycle";
import { Peer } from "../../local-cloud/peer/peer";
import { System } from "../../local-cloud/peer/system";
import { stateFolder } from "../../local-cloud/places";
import { readRelease, recordedDays } from "../../scripts/recorded-release";
import { until } from "../e2e/support/until";
import { goldenStack } from "../golden/stack";
import { changes } from "../unit/recorded/changes";
import { deferrals, logOf, ownFolder, storedMail, storedSubjects, type User } from "./belongings";
import { EarlierCheckout } from "./earlier";
import { restartsSince, type Restart } from "./restarts";
import { Stream } from "./stream";

const ref = process.env.MAILSTACK_UPGRADE_FROM ?? "HEAD";
const os = process.env.MAILSTACK_TEST_OS ?? "debian13";
const cloud = process.env.MAILSTACK_TEST_CLOUD ?? "upgrade";

/** From systemd's word that a daemon is started to its first answer, in milliseconds. */
const ready = 15_000;

/** One that a release does not have yet is made. */
const services = servicesOf(goldenStack(os as SystemName)).map(({ name }) => `mail-${name}`);

const nameOf = (urn: string) => urn.split("::").at(-1)!;
const typeOf = (urn: string) => urn.split("::").at(2)!.split("$").at(-1)!;

describe(`an up of a stack of ${ref} on ${os}, under mail`, () => {
  const options = { cloud, os, stack: "local", progress: (line: string) => console.error(line) };
  let earlier: EarlierCheckout;
  let server: LocalServer;
  let system: System;
  let stream: Stream;
  let restarts: Restart[];
  let users: User[];
  let plan: string;
  const then = { mail: [] as string[], folder: {} as unknown, dkim: "" };
  const dkim = async () => (await server.stack.pulumi(["stack", "output", "dkim", "--json"])).stdout;
  const passwordOf = async (name: string): Promise<User> => {
    const user = `${name}@${localDomain}`;
    return { user, password: (await system.must(["mailstack", "user", "initial-password", user])).trim() };
  };

  before(async () => {
    await stopCloud(cloud, { purge: true });
    earlier = await EarlierCheckout.of(ref, cloud);
    await earlier.local(["--cloud", cloud, "--os", os, "up"]);
    const configFile = join(stateFolder(cloud), "stacks/local/Pulumi.local.yaml");
    const config = readFileSync(configFile);
    const { stack } = await prepareStack(options);
    // The settings of that time, not those of this checkout's Pulumi.local.yaml.
    writeFileSync(configFile, config);
    server = await findServer(cloud, stack);
    system = new System(server.namespace);

    const own = { user: `tech@${localDomain}`, password: "a long word of my own 4711" };
    await system.must(["mailstack", "user", "set-password", own.user], { input: `${own.password}\n` });
    users = [own, ...(await Promise.all(["info", "support"].map(passwordOf)))];
    then.folder = await ownFolder(cloud, server.hostname, own, true);
    then.dkim = await dkim();

    plan = (await server.stack.pulumi(["preview", "--json"])).stdout;
    const recipients = ["info", "support", "tech"].map((name) => `${name}@${localDomain}`);
    stream = new Stream(new Peer(cloud), server.hostname, recipients);
    await stream.more(5);
    then.mail = await storedMail(system);
    const began = Date.now();
    await upStack(options, stack, (work) => work());
    await stream.more(5);
    await stream.stop();
    restarts = await restartsSince(system, began);
  });
  after(async () => {
    await stream?.stop();
    await earlier?.remove();
    await stopCloud(cloud, { purge: true });
  });

  test("the engine's plan is the one that the unit test makes of the recorded state", () => {
    const { steps } = JSON.parse(plan) as { steps: { op: string; urn: string }[] };
    const named = (op: string, type = /./) =>
      [
        ...new Set(steps.filter((step) => step.op === op && type.test(typeOf(step.urn))).map(({ urn }) => nameOf(urn))),
      ].sort();
    assert.deepEqual(named("delete"), []);
    assert.deepEqual(named("replace", /^(?!command:remote:Command$)/), []);
    const day = recordedDays.find((each) => readRelease(each).commit === ref);
    if (!day) return;
    const made = named("create").filter((name) => !services.includes(name));
    assert.deepEqual(made, Object.keys(changes[day]!.create ?? {}).sort());
    for (const op of ["import", "replace"] as const)
      assert.deepEqual([op, named(op)], [op, Object.keys(changes[day]![op] ?? {}).sort()]);
  });

  test("each letter that was accepted is delivered, once", async (t) => {
    const subjects = stream.accepted.map(({ subject }) => subject);
    let counts = new Map<string, number>();
    // Less than the five minutes after which Postfix tries again by itself.
    await until(
      "all are in the mailboxes",
      async () => {
        counts = await storedSubjects(system);
        return subjects.every((subject) => counts.has(subject));
      },
      120,
    ).catch(() => undefined);
    for (const line of await deferrals(system)) t.diagnostic(line);
    for (const { subject, messageId } of stream.accepted)
      assert.equal(counts.get(subject), 1, `${subject}:\n${await logOf(system, messageId)}`);
    const [all, put] = [stream.sent.length, stream.sent.length - subjects.length];
    t.diagnostic(`${all} letters, ${subjects.length} accepted and delivered once, ${put} put off`);
  });

  test("no letter is refused for good, and none is put off for longer than a daemon's restart", (t) => {
    const refused = stream.sent.filter(({ code }) => code >= 500);
    assert.deepEqual(refused, []);
    for (const { began, ended, letters } of stream.outages) {
      const near = restarts.filter((one) => one.began <= ended && one.ended + ready >= began);
      const longest = Math.max(0, ...near.map((one) => one.ended - one.began));
      const units = [...new Set(near.map(({ unit }) => unit))].join(", ");
      t.diagnostic(`${letters.length} put off within ${ended - began} ms (${units}): ${letters[0]!.reply}`);
      assert.ok(near.length > 0, `nothing was restarted: ${JSON.stringify(letters)}`);
      assert.ok(ended - began <= longest + ready, `${ended - began} ms: ${JSON.stringify({ letters, near })}`);
    }
  });

  test("mail that was there lies as it lay", async () => {
    const now = new Set(await storedMail(system));
    assert.ok(then.mail.length > 5);
    assert.deepEqual(
      then.mail.filter((line) => !now.has(line)),
      [],
    );
  });

  test("passwords are those of before, and a user's own folder is as the user left it", async () => {
    assert.deepEqual(await Promise.all(["info", "support"].map(passwordOf)), users.slice(1));
    assert.deepEqual(await ownFolder(cloud, server.hostname, users[0]!), then.folder);
  });

  test("the DKIM keys are those of before, and the peer is content with what leaves", async () => {
    assert.equal(await dkim(), then.dkim);
    for (const { what, ok, detail } of await checkMail(cloud, server)) assert.ok(ok, `${what}: ${detail}`);
  });

  test("status is content", async () => {
    let said = "";
    const content = async () => {
      const result = await system.exec(["mailstack", "status"]);
      said = result.stdout;
      return result.exitCode === 0;
    };
    await until("status is content", content, 120).catch(() => assert.fail(said));
  });

  test("a second up changes nothing", async () => {
    await server.stack.pulumi(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
  });
});

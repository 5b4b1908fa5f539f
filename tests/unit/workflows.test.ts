import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sectionOf } from "../../scripts/changelog";
import { FakeGitHub } from "../support/fake-github";
import { runStep, stepNamed, workflows } from "../support/workflows";
import type { Question } from "./support/evaluate-expressions";

// Programs are started, on a machine that may be busy.
jest.setTimeout(120_000);

const root = join(__dirname, "../..");
const all = workflows();
const jobs = all.flatMap(({ file, on, jobs }) =>
  Object.entries(jobs).map(([name, job]) => ({ where: `${file} ${name}`, on, job })),
);
const steps = jobs.flatMap(({ where, job }) => job.steps.map((step) => ({ where, step })));

/** As GitHub would evaluate them. */
function evaluate(questions: Question[]): string[] {
  const words = ["scripts/with-node22", "tests/unit/support/evaluate-expressions.ts"];
  return JSON.parse(execFileSync("sh", words, { cwd: root, input: JSON.stringify(questions) }).toString()) as string[];
}

describe("every workflow", () => {
  test("has its four parts", () => {
    expect(all.map(({ file }) => file)).toEqual(["drift.yml", "preview.yml", "release.yml", "test.yml"]);
    expect(steps.length).toBeGreaterThan(20);
  });

  test("gives its token no right but what a job names, and no job more than it needs", () => {
    expect(all.filter(({ permissions }) => JSON.stringify(permissions) !== "{}").map(({ file }) => file)).toEqual([]);
    expect(Object.fromEntries(jobs.map(({ where, job }) => [where, job.permissions]))).toEqual({
      "drift.yml drift": { contents: "read", issues: "write" },
      "preview.yml preview": { contents: "read", "pull-requests": "write" },
      "release.yml test": { contents: "read" },
      "release.yml publish": { contents: "write" },
      "test.yml quick": { contents: "read" },
      "test.yml hosts": { contents: "read" },
    });
  });

  test("runs once at a time for the same thing, and ends", () => {
    expect(all.filter(({ concurrency }) => !concurrency?.group).map(({ file }) => file)).toEqual([]);
    expect(jobs.filter(({ job }) => !job["timeout-minutes"]).map(({ where }) => where)).toEqual([]);
  });

  test("takes each action by its full commit id, and says which version that is", () => {
    const used = all.flatMap(({ file, text }) =>
      [...text.matchAll(/uses: (.*)$/gm)].map(([, what]) => ({ file, what })),
    );
    expect(used.length).toBe(steps.filter(({ step }) => step.uses).length);
    expect(used.filter(({ what }) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(what!))).toEqual([]);
  });

  test("leaves no token in the checkout", () => {
    const checkouts = steps.filter(({ step }) => step.uses?.startsWith("actions/checkout@"));
    expect(checkouts.length).toBe(jobs.length);
    expect(checkouts.filter(({ step }) => step.with?.["persist-credentials"] !== false)).toEqual([]);
  });

  test("puts nothing that somebody else may write into a command line", () => {
    expect(steps.filter(({ step }) => step.run?.includes("${{")).map(({ where }) => where)).toEqual([]);
    expect(all.filter(({ on }) => "pull_request_target" in on || "workflow_run" in on)).toEqual([]);
  });
});

describe("a pull request", () => {
  const secret = jobs.filter(
    ({ on, job }) =>
      "pull_request" in on && (JSON.stringify(job).includes("secrets.") || job.permissions?.["pull-requests"]),
  );
  const ownMachine = jobs.filter(
    ({ on, job }) => "pull_request" in on && JSON.stringify(job).includes("MAILSTACK_RUNNER"),
  );
  const from = (head: string, login = "somebody") => ({
    github: {
      repository: "owner/mailstack",
      event_name: "pull_request",
      event: { pull_request: { head: { repo: { full_name: head } }, user: { login } } },
    },
    vars: { PULUMI_STACK: "prod", MAILSTACK_RUNNER: "debian" },
  });

  test("gets secrets, write access and the project's own machines only from a branch of the repository itself", () => {
    expect(secret.map(({ where }) => where)).toEqual(["preview.yml preview"]);
    expect(ownMachine.map(({ where }) => where)).toEqual(["test.yml hosts"]);
    const [preview, hosts] = [secret[0]!.job.if!, ownMachine[0]!.job.if!];
    const unset = { ...from("owner/mailstack"), vars: {} };
    const cases: [expression: string, contexts: object, value: string][] = [preview, hosts].flatMap((expression) => [
      [expression, from("owner/mailstack"), "true"],
      [expression, from("stranger/mailstack"), "false"],
      [expression, unset, "false"],
    ]);
    // Its branches are the repository's own, but what they install is nobody's yet.
    for (const expression of [preview, hosts])
      cases.push([expression, from("owner/mailstack", "dependabot[bot]"), "false"]);
    const pushed = { github: { repository: "owner/mailstack", event_name: "push", event: {} } };
    cases.push([hosts, { ...pushed, vars: { MAILSTACK_RUNNER: "debian" } }, "true"]);
    const answers = evaluate(cases.map(([expression, contexts]) => ({ expression, contexts: { ...contexts } })));
    expect(answers).toEqual(cases.map(([, , value]) => value));
  });
});

describe("each step", () => {
  let folder: string;
  let github: FakeGitHub;
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const ran = new Set<string>();
  const contexts = {
    github: { token: "token-of-the-workflow", event: { pull_request: { number: 7 } } },
    vars: { PULUMI_STACK: "prod", PULUMI_BACKEND_URL: "file:///nowhere" },
    secrets: { PULUMI_CONFIG_PASSPHRASE: "a passphrase" },
    runner: { temp: tmpdir() },
  };
  /** What the environments of the steps are, by their texts in the workflows. */
  const values = new Map<string, string>();
  beforeAll(() => {
    const texts = [...new Set(steps.flatMap(({ step }) => Object.values(step.env ?? {})))];
    const asked = texts.map((text) => ({
      expression: /^\$\{\{ ([^}]*) \}\}$/.exec(text.replace("}}/mailstack", "}}"))![1]!,
      contexts,
    }));
    evaluate(asked).forEach((value, at) => values.set(texts[at]!, value));
  });

  /** A program that stands first on PATH. */
  function stub(name: string, script: string): void {
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, "bin", name), 0o755);
  }
  const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");

  async function run(file: string, name: string, more: Record<string, string> = {}) {
    const step = stepNamed(file, name);
    ran.add(step.run!);
    const env = Object.fromEntries(Object.entries(step.env ?? {}).map(([key, text]) => [key, values.get(text)!]));
    const own = { GITHUB_REF_NAME: `v${version}`, STUB: folder, PATH: `${join(folder, "bin")}:${process.env.PATH}` };
    return runStep(step.run!, { ...github.environment, ...own, ...env, ...more });
  }

  beforeEach(async () => {
    github = await FakeGitHub.start();
    folder = mkdtempSync(join(tmpdir(), "mailstack-workflows-"));
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "calls"), "");
    // What each call was given; its answer is in a file named after the first words.
    stub(
      "pulumi",
      `echo "pulumi $*" >> "$STUB/calls"; [ -n "$PULUMI_CONFIG_PASSPHRASE" ] || exit 9
      cat "$STUB/pulumi-$1"; exit "$(cat "$STUB/pulumi-$1.exit" 2>/dev/null || echo 0)"`,
    );
    stub(
      "ssh",
      `echo "ssh $*" >> "$STUB/calls"; stat -c %a "$2" >> "$STUB/calls"; cat "$2" > "$STUB/key"
      cat "$STUB/ssh"; exit "$(cat "$STUB/ssh.exit")"`,
    );
    stub(
      "npm",
      `echo "npm $*" >> "$STUB/calls"; [ "$1" = pack ] || exit 0; env > "$STUB/environment"
      for last; do :; done; echo packed > "$last/mailstack.tgz"; echo "> mailstack prepack"`,
    );
    stub("sudo", 'echo sudo >> "$STUB/calls"; exec "$@"');
    writeFileSync(
      join(folder, "pulumi-stack"),
      JSON.stringify({ ipv4: "192.0.2.1", hostKey: "ssh-ed25519 A", deployKey: "K" }),
    );
  });
  afterEach(async () => {
    await github.stop();
    rmSync(folder, { recursive: true });
  });
  const answer = (name: string, text: string, exit = 0) => {
    writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, `${name}.exit`), String(exit));
  };

  test("of the tests calls a script that is there", async () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
    const first = await run("test.yml", "Install the pinned packages");
    expect(first).toEqual({ exitCode: 0, output: expect.stringMatching(/^v22\./) });
    for (const name of [
      "Types, lint, format and generated pages",
      "Unit tests",
      "Tests of the host program",
      "All layers",
    ])
      expect((await run("test.yml", name)).exitCode).toBe(0);
    const called = calls().filter((line) => line.startsWith("npm "));
    expect(called).toEqual(["npm run check", "npm run test:unit", "npm run test:host", "npm test"]);
    for (const line of called) expect(Object.keys(scripts)).toContain(line.split(" ").at(-1));
    // Hosts' files belong to root.
    expect(calls().filter((line) => line === "sudo").length).toBe(1);
  });

  test("of the preview keeps one comment, with the lines that change and no others", async () => {
    const marker = "<!-- mailstack preview: prod -->";
    github.addComment(7, "stranger", `${marker}\nAll is well.`);
    for (let count = 0; count < 100; count += 1) github.addComment(7, "somebody", "a comment");
    answer("pulumi-preview", readFileSync(join(__dirname, "support/preview.txt"), "utf8"));
    const result = await run("preview.yml", "Preview and comment");
    expect(result).toEqual({ exitCode: 0, output: expect.stringContaining("message_size_limit") });
    expect(calls()[0]).toMatch(/^pulumi preview --diff --stack prod --non-interactive /);
    const comment = github.commentsOn(7).at(-1)!;
    expect(comment.body.startsWith(marker)).toBe(true);
    expect(comment.body).toMatchSnapshot();

    answer("pulumi-preview", "error: a wrong value\n", 255);
    expect((await run("preview.yml", "Preview and comment")).exitCode).toBe(1);
    expect(github.commentsOn(7).length).toBe(102);
    expect(github.commentsOn(7)[0]!.body).toContain("All is well");
    expect(comment.body).toContain("The preview of the stack `prod` failed.\n\n```diff\nerror: a wrong value\n");
  });

  test("of the check for drift opens one issue, rewrites it, closes it, and does neither when it cannot look", async () => {
    const marker = "<!-- mailstack drift: prod -->";
    github.addIssue("stranger", "All is well", marker);
    const refresh = (steps: object[]) => answer("pulumi-refresh", JSON.stringify({ steps }));
    const name = "Look for drift, and open or close its issue";
    const urn = "urn:pulumi:prod::mailstack::mailstack:index:MailServer$cloudflare:index/dnsRecord:DnsRecord::mail-caa";
    const same = { op: "refresh", urn: "urn:pulumi:prod::mailstack::a:b:C::other", detailedDiff: null };

    refresh([same, { op: "update", urn, detailedDiff: { content: {} } }]);
    answer("ssh", "postfix: /etc/postfix/main.cf content was changed\n", 3);
    expect(await run("drift.yml", name)).toMatchObject({ exitCode: 0 });
    const issue = github.issues[1]!;
    expect(issue).toMatchObject({ title: "Drift in the stack prod", state: "open" });
    expect(issue.body).toContain("mail-caa (cloudflare:index/dnsRecord:DnsRecord) was changed: content");
    expect(issue.body).toContain("postfix: /etc/postfix/main.cf content was changed");
    expect(issue.body).not.toContain("other");
    expect(readFileSync(join(folder, "key"), "utf8")).toBe("K\n");
    expect(calls()).toContain("600");
    expect(calls().join("\n")).toMatch(/-o StrictHostKeyChecking=yes .* root@192\.0\.2\.1 mailstack verify/);

    refresh([same, { op: "delete", urn, detailedDiff: null }]);
    answer("ssh", "", 0);
    expect((await run("drift.yml", name)).exitCode).toBe(0);
    expect(github.issues.length).toBe(2);
    expect(issue.body).toContain("mail-caa (cloudflare:index/dnsRecord:DnsRecord) is gone");
    expect(issue.body).not.toContain("mailstack verify");

    const written = github.writes.length;
    answer("ssh", "", 255);
    const unreachable = await run("drift.yml", name);
    expect(unreachable).toEqual({ exitCode: 1, output: expect.stringContaining("did not run on 192.0.2.1") });
    answer("pulumi-refresh", JSON.stringify({ diagnostics: [{ message: "no such stack" }] }), 255);
    expect(await run("drift.yml", name)).toEqual({ exitCode: 1, output: expect.stringContaining("no such stack") });
    expect(github.writes.length).toBe(written);

    refresh([same]);
    answer("ssh", "", 0);
    expect((await run("drift.yml", name)).exitCode).toBe(0);
    expect(issue.state).toBe("closed");
    expect(github.issues[0]!.state).toBe("open");
  });

  const lines = (count: number, text: string) => Array.from({ length: count }, (_, at) => `${text} ${at}`);
  const long = "x".repeat(80);
  test.each([
    { drift: "both sides", providers: 900, host: lines(900, long), shown: { providers: 200, host: 200 } },
    { drift: "the host, beside a little", providers: 3, host: lines(900, long), shown: { providers: 3, host: 500 } },
    {
      drift: "the providers, beside a little",
      providers: 900,
      host: lines(3, long),
      shown: { providers: 400, host: 3 },
    },
    // The fence around them has to be longer.
    { drift: "backticks", providers: 3, host: ["`".repeat(25_000), long], shown: { providers: 3, host: 0 } },
  ])("of the check for drift fits an issue: $drift", async ({ providers, host, shown }) => {
    const changed = lines(providers, long).map((name) => ({
      op: "delete",
      urn: `urn::a:b:C::${name}`,
      detailedDiff: null,
    }));
    answer("pulumi-refresh", JSON.stringify({ steps: changed }));
    answer("ssh", `${host.join("\n")}\n`, 3);
    expect(await run("drift.yml", "Look for drift, and open or close its issue")).toMatchObject({ exitCode: 0 });
    const [first = "", second = ""] = github.issues[0]!.body.split("On the host (`mailstack verify`):");
    expect(second).toMatch(/This issue is closed when the drift is gone\.$/);
    const counts = [first, second].map((part) => {
      const [fence] = /^`{3,}$/m.exec(part)!;
      const block = part.split(`${fence}\n`)[1]!;
      const [, rest = "0"] = /^(\d+) more lines? /m.exec(part) ?? [];
      return { shown: block.split("\n").filter(Boolean).length, rest: Number(rest) };
    });
    expect(counts.map(({ shown, rest }) => shown + rest)).toEqual([providers, host.length]);
    expect(counts[0]!.shown).toBeGreaterThanOrEqual(shown.providers);
    expect(counts[1]!.shown).toBeGreaterThanOrEqual(shown.host);
  });

  test("of the release publishes the tag with its section of the changelog and the package", async () => {
    expect((await run("release.yml", "Publish the release", { GITHUB_REF_NAME: "v0.0.1" })).exitCode).toBe(1);
    expect(github.writes).toEqual([]);
    expect(await run("release.yml", "Publish the release")).toMatchObject({ exitCode: 0 });
    const changes = sectionOf(readFileSync(join(root, "CHANGELOG.md"), "utf8"), version)!;
    expect(github.releases).toEqual([
      expect.objectContaining({
        tag_name: `v${version}`,
        body: changes.text,
        draft: false,
        prerelease: version.includes("-"),
        assets: [expect.objectContaining({ name: "mailstack.tgz", size: 7 })],
      }),
    ]);
    // The build is other people's programs; the token may write to the repository.
    const given = readFileSync(join(folder, "environment"), "utf8");
    expect(given).toContain(`STUB=${folder}\n`);
    expect(given).not.toContain(github.token);
  });

  test("was run here", () => {
    expect(steps.flatMap(({ step }) => step.run ?? []).filter((text) => !ran.has(text))).toEqual([]);
  });
});

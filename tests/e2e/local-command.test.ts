import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { cloudNamespace, stateFolder } from "../../local-cloud/places";
import { traces } from "../cloud/substrate/traces";
import { LocalRun, localCommand } from "./support/local-run";
import { until } from "./support/until";

const cloud = "localcmd";

/** A line for a user: no stack trace, and nothing after it. */
function oneLine(run: { stderr: string; exitCode: number }, words: RegExp): void {
  assert.match(run.stderr, words);
  assert.deepEqual(run.stderr.trim().split("\n").length, 1, run.stderr);
  assert.equal(run.exitCode, 1);
}

describe("npm run local refuses in one line, before it touches anything", () => {
  const empty = mkdtempSync(join(tmpdir(), "mailstack-empty-"));
  after(() => rmSync(empty, { recursive: true }));

  test("not root", async () => {
    const run = await localCommand(["up"], { before: ["unshare", "--user"] });
    oneLine(run, /^mailstack: .*run it as root: sudo npm run local$/m);
  });

  test("a system that is not there", async () => {
    oneLine(
      await localCommand(["--os", "debian11"]),
      /^mailstack: --os: "debian11" is unknown; use debian12 or debian13$/m,
    );
  });

  test("a name that cannot be a cloud's", async () => {
    const run = await localCommand(["--cloud", "My Cloud"]);
    oneLine(
      run,
      /^mailstack: "My Cloud" is no name for a cloud; use 1 to 10 letters and digits, beginning with a letter$/m,
    );
  });

  test("a word that is no command", async () => {
    const run = await localCommand(["upp"]);
    assert.match(run.stderr, /^error: too many arguments for 'up'/m);
    assert.notEqual(run.exitCode, 0);
  });

  test("no Pulumi, and no Go to build it with", async () => {
    // An empty folder over the usual place of Go, seen by this one process alone.
    const script = 'if [ -d /usr/local/go ]; then mount -t tmpfs none /usr/local/go; fi; exec "$@"';
    const run = await localCommand([], {
      before: ["unshare", "--mount", "sh", "-c", script, "sh"],
      env: {
        MAILSTACK_CACHE: join(empty, "cache"),
        MAILSTACK_STATE: join(empty, "state"),
        MAILSTACK_ENGINE: "standins",
        MAILSTACK_ENGINE_DIR: "",
        PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      },
    });
    oneLine(run, /^mailstack: the Pulumi CLI is not installed and building it needs Go 1\.25 or newer; found no Go$/m);
    assert.equal(existsSync(join(empty, "state")), false);
  });

  test("a shell on a cloud that does not run", async () => {
    const run = await localCommand(["--cloud", "nowhere", "shell", "mail", "true"]);
    oneLine(run, /^mailstack: the cloud "nowhere" does not run; start it with: npm run local -- up$/m);
  });
});

describe("npm run local, cut off in the middle", () => {
  const cleared = () => localCommand(["--cloud", cloud, "down", "--purge"]);
  let webmail = "";
  const start = (...words: string[]) => new LocalRun(["--cloud", cloud, ...words]);
  before(cleared);
  after(cleared);

  /** What a page elsewhere gets whose name leads to this machine. */
  const statusAs = async (host: string) => {
    const words = ["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--header", `Host: ${host}`];
    return (await execa("curl", [...words, webmail])).stdout;
  };

  test("Ctrl-C while the cloud starts: the next run works", async () => {
    const run = start();
    await run.says(/starting the cloud/);
    await until("the namespace", async () => existsSync(`/run/netns/${cloudNamespace(cloud)}`));
    assert.equal(await run.interrupt(), 130);
    const again = start();
    await again.says(/pulumi up of the stack/);
    await again.kill();
  });

  test("killed while it makes the host: the next run removes what is half made", async () => {
    await cleared();
    const run = start();
    await run.reaches("an instance that only the API knows", () => holds("api.json", /"instances": \[\s+\{/), 600);
    assert.ok(
      holds(
        "pulumi/backend/.pulumi/stacks/mailstack/local.json",
        /"inputs":\{[^}]*"label":"mail\.[^}]*\}.*"type":"creating"/,
      ),
    );
    await run.kill();

    const again = start();
    await again.says(/the last run was killed; lifting the lock it left/);
    await again.says(/removing the half-made "mail\./);
    await again.says(/pulumi up of the stack/);
    // Into the transaction of packages, the longest step.
    await again.reaches(
      "a command on the host",
      () => holds("pulumi/backend/.pulumi/stacks/mailstack/local.json", /command:remote:Command::mail-packages/),
      600,
    );
    assert.equal(await again.interrupt(), 130);
    assert.match(again.said, /stopping: Pulumi ends its step/);
    assert.match(again.said, /^mailstack: stopped; the same command goes on from here$/m);
  });

  test("two at the same time: one goes on where the other was stopped, the other waits and has nothing to do", async () => {
    const both = [start(), start()];
    const codes = await Promise.all(both.map((run) => run.ended));
    assert.deepEqual(codes, [0, 0], both.map((run) => run.said).join("\n"));
    assert.equal(both.filter((run) => /another run is at work on this stack; waiting/.test(run.said)).length, 1);
    for (const run of both) assert.match(run.said, /ok +DMARC +pass says the peer/);
    const addresses = both.map((run) => /webmail +(http:\S+)/.exec(run.said)?.[1]);
    assert.equal(addresses[0], addresses[1]);
    webmail = addresses[0] ?? "";
    const preview = await localCommand(["--cloud", cloud, "preview"]);
    assert.match(preview.stdout, /^ +\d+ unchanged$/m);
    assert.doesNotMatch(preview.stdout, /to (create|update|delete|replace)/);
  });

  test("this machine's own browser reads the webmail at the address that was printed", async () => {
    const user = "ceo@ementech.co.ke";
    const shell = ["--cloud", cloud, "shell", "mail", "mailstack", "user", "initial-password", user];
    const password = (await localCommand(shell)).stdout.trim();
    const form = await fetch(webmail);
    const token = /name="_token" value="([^"]+)"/.exec(await form.text())?.[1] ?? "";
    const fields = { _task: "login", _action: "login", _token: token, _user: user, _pass: password };
    const cookie = form.headers.getSetCookie().map((one) => one.split(";")[0]);
    const options = { method: "POST", body: new URLSearchParams(fields), headers: { cookie: cookie.join("; ") } };
    const answer = await fetch(`${webmail}?_task=login`, { ...options, redirect: "manual" });
    assert.match(answer.headers.get("location") ?? "", /_task=mail/);
    assert.doesNotMatch(answer.headers.getSetCookie().join("\n"), /secure/i);
    const opened = await localCommand(["--cloud", cloud, "open", "webmail"]);
    assert.equal(opened.stdout.trim(), webmail, opened.stderr);
    assert.equal((await statusAs("elsewhere.example")).trim(), "421");
  });

  test("open rspamd prints the page's address, and beside it the command that reads the password", async () => {
    const opened = await localCommand(["--cloud", cloud, "open", "rspamd"]);
    const told = /^password: npm run local -- (--cloud localcmd shell mail cat \S+)$/m.exec(opened.stderr);
    assert.ok(told, opened.stderr);
    const password = (await localCommand(told[1]!.split(" "))).stdout.trim();
    const answer = await fetch(`${opened.stdout.trim()}auth`, { headers: { Password: password } });
    assert.equal(answer.status, 200, await answer.text());
  });

  test("open of a page that is not there names those that are", async () => {
    oneLine(
      await localCommand(["--cloud", cloud, "open", "nothing"]),
      /^mailstack: no page "nothing"; there are webmail, rspamd$/m,
    );
  });

  test("after a host was killed, the next run boots it, and has nothing to change", async () => {
    const pids = ["--cloud", cloud, "shell", "mail", "readlink", "/proc/self/ns/pid"];
    const before = (await localCommand(pids)).stdout.trim();
    const { stdout } = await execa("ip", ["netns", "pids", `${cloudNamespace(cloud)}-linode-${hostNumber()}`]);
    const init = stdout
      .split("\n")
      .find((pid) => /^NSpid:\s+\d+\s+1$/m.test(readFileSync(`/proc/${pid}/status`, "utf8")));
    process.kill(Number(init), "SIGKILL");
    await until("the host is gone", async () => (await localCommand(pids)).exitCode !== 0);
    const run = await localCommand(["--cloud", cloud]);
    assert.equal(run.exitCode, 0, run.stderr);
    assert.match(run.stdout + run.stderr, /booting "mail\.ementech\.co\.ke", which was off/);
    assert.match(run.stdout, /ok +DMARC +pass says the peer/);
    assert.notEqual((await localCommand(pids)).stdout.trim(), before);
  });

  test("down leaves nothing", async () => {
    await cleared();
    await assert.rejects(fetch(webmail));
    assert.deepEqual(await traces(cloud), []);
    assert.equal(existsSync(stateFolder(cloud)), false);
  });
});

/** Number of the one instance of the cloud. */
function hostNumber(): number {
  const state = JSON.parse(readFileSync(join(stateFolder(cloud), "api.json"), "utf8")) as {
    linode: { instances: { id: number }[] };
  };
  return state.linode.instances[0]!.id;
}

function holds(file: string, words: RegExp): boolean {
  const path = join(stateFolder(cloud), file);
  return existsSync(path) && words.test(readFileSync(path, "utf8"));
}

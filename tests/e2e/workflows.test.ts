import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { defaultTokens } from "../../local-cloud/api";
import { inCloud } from "../../local-cloud/cloud/lifecycle";
import { FakeGitHub } from "../support/fake-github";
import { runStep, stepNamed } from "../support/workflows";
import { zoneRecords } from "./support/cloudflare-api";
import { oneSystem, serverFor, testCloud, type Server } from "./support/servers";

/** The rest of what such a step is given comes from GitHub, which is not here. */
const pullRequest = 7;

for (const os of oneSystem("the workflows run Pulumi, and what they print does not come from the host's daemons")) {
  describe(`GitHub workflows about a stack on ${os}`, () => {
    let server: Server;
    let github: FakeGitHub;
    let folder: string;

    const run = async (file: string, name: string) => {
      const { PATH } = server.stack.caller.environment;
      const own = { PATH: `${folder}:${PATH}`, GITHUB_TOKEN: github.token, PULL_REQUEST: String(pullRequest) };
      const environment = { ...server.stack.caller.environment, ...github.environment, ...own };
      return runStep(stepNamed(file, name).run!, { ...environment, PULUMI_STACK: server.stack.name });
    };
    const preview = () => run("preview.yml", "Preview and comment");
    const drift = async () => {
      const result = await run("drift.yml", "Look for drift, and open or close its issue");
      assert.equal(result.exitCode, 0, result.output);
      return github.issues.filter(({ state }) => state === "open");
    };
    /** The runner is outside of the cloud: its programs reach it as this machine's do. */
    const program = (name: string, words: string[], before = "") => {
      const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
      writeFileSync(join(folder, name), `#!/bin/sh\n${before}\nexec ${quoted} "$@"\n`);
      chmodSync(join(folder, name), 0o755);
    };

    before(async () => {
      server = await serverFor(os);
      github = await FakeGitHub.start();
      folder = mkdtempSync(join(tmpdir(), "mailstack-workflows-"));
      // Without the folder of these programs: they would call themselves.
      const path = `PATH='${server.stack.caller.environment.PATH}'; export PATH`;
      const config = `${path}\ncase "$1" in preview|refresh) set -- "$@" --config-file '${server.stack.configFile}';; esac`;
      program("pulumi", server.stack.caller.words, config);
      program("ssh", inCloud(testCloud, ["/usr/bin/ssh"]));
      await server.up();
    });
    after(async () => {
      await server.restoreConfig();
      await server.stack.pulumi(["refresh", "--yes", "--skip-preview"]);
      await server.up();
      await github.stop();
      rmSync(folder, { recursive: true });
    });

    test("a pull request shows the changed lines of the files on the host, and no secret", async () => {
      server.stack.configure((config) => config.setIn(["config", "mailstack:messageSizeLimitMb"], 45));
      const result = await preview();
      server.restoreConfig();
      assert.equal(result.exitCode, 0, result.output);
      const [comment, ...more] = github.commentsOn(pullRequest);
      assert.deepEqual(more, []);
      assert.match(comment!.body, /^! +\/etc\/postfix\/main\.cf:$/m);
      assert.match(comment!.body, /^- +message_size_limit = 41943040\n\+ +message_size_limit = 47185920$/m);
      assert.match(comment!.body, /^! +2 to update$/m);
      // Files that stay as they are.
      assert.doesNotMatch(comment!.body, /master\.cf/);
      for (const token of Object.values(defaultTokens))
        for (const text of [comment!.body, result.output]) assert.ok(!text.includes(token), "a token is shown");
    });

    test("a pull request with a wrong value turns red, and its comment names the key", async () => {
      server.stack.configure((config) => config.setIn(["config", "mailstack:messageSizeLimitMb"], 0));
      const result = await preview();
      server.restoreConfig();
      assert.notEqual(result.exitCode, 0);
      const [comment, ...more] = github.commentsOn(pullRequest);
      assert.deepEqual(more, []);
      assert.match(comment!.body, /The preview of the stack .* failed\.[^]*mailstack:messageSizeLimitMb/);
    });

    test("drift on the host and at a provider opens one issue, which is closed when both are as they were", async () => {
      assert.deepEqual(await drift(), []);
      await server.system.must(["sh", "-c", "echo '# somebody' >> /etc/postfix/main.cf"]);
      const [issue, ...others] = await drift();
      assert.deepEqual(others, []);
      assert.match(issue!.body, /^postfix: \/etc\/postfix\/main\.cf content was changed$/m);
      assert.doesNotMatch(issue!.body, /At the providers/);

      const records = (call: object) =>
        zoneRecords<{ id: string; type: string }[]>(server, defaultTokens.cloudflare, server.domain, call);
      const caa = (await records({})).result.find(({ type }) => type === "CAA")!;
      await records({ method: "DELETE", path: `/${caa.id}` });
      const both = await drift();
      assert.deepEqual(both, [issue]);
      assert.match(issue!.body, /^mail-\S+-caa \(cloudflare:index\/dnsRecord:DnsRecord\) is gone$/m);
      assert.match(issue!.body, /main\.cf content was changed/);

      // As docs/admin/operating.md says.
      await server.stack.pulumi(["refresh", "--yes", "--skip-preview"]);
      await server.up(["--replace", "**command:remote:Command::mail-postfix"]);
      assert.deepEqual(await drift(), []);
      assert.equal(issue!.state, "closed");
      assert.match(github.commentsOn(issue!.number).at(-1)!.body, /drift is gone/);
    });

    test("a host that does not answer is no drift: the run turns red, and no issue is opened or closed", async () => {
      const written = github.writes.length;
      program("ssh", ["false"]);
      const result = await run("drift.yml", "Look for drift, and open or close its issue");
      program("ssh", inCloud(testCloud, ["/usr/bin/ssh"]));
      assert.notEqual(result.exitCode, 0);
      assert.match(result.output, /mailstack verify did not run on/);
      assert.equal(github.writes.length, written);
    });
  });
}

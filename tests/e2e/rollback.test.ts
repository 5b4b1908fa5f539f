import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { projectFolder } from "../../local-cloud/cli/stack";
import type { Bundle } from "../../components/deployment/bundle";
import {
  apply,
  applyWell,
  assertDelivers,
  assertNewSizeLimit,
  assertWhole,
  bundleOf,
  changed,
  failingUp,
  mainCf,
  postfixMaster,
} from "./support/applier";
import { everySystem, serverFor, type Server } from "./support/servers";

/** Everything that a `pulumi up` of the program reads. */
const program = ["Pulumi.yaml", "package.json", "start.cjs", "program", "index.ts", "components", "templates", "host"];

/** A copy of the program whose main.cf has one more line. */
function programWith(line: string): string {
  const copy = mkdtempSync(join(tmpdir(), "mailstack-program-"));
  for (const part of program) cpSync(join(projectFolder, part), join(copy, part), { recursive: true });
  symlinkSync(join(projectFolder, "node_modules"), join(copy, "node_modules"));
  const template = join(copy, "templates/postfix/etc/postfix/main.cf.mustache");
  writeFileSync(template, `${readFileSync(template, "utf8")}${line}\n`);
  return copy;
}

for (const os of everySystem) {
  describe(`a change that fails on ${os}`, () => {
    let server: Server;
    let good: Bundle;
    let lines: number;
    before(async () => {
      server = await serverFor(os);
      good = await bundleOf(server, "postfix");
      lines = good.files[mainCf]!.content.trimEnd().split("\n").length;
    });
    after(async () => {
      await applyWell(server, good);
      server.restoreConfig();
      await server.up();
    });

    const withLine = (line: string) => changed(good, mainCf, (text) => `${text.trimEnd()}\n${line}\n`);

    const refused: [string, () => Bundle, RegExp][] = [
      ["a line that is no setting", () => withLine("this is no setting"), /missing '=' after attribute name/],
      ["a value that cannot be", () => withLine("line_length_limit = many"), /bad numerical.*many/],
      [
        "a parameter that nobody knows",
        () => withLine("no_such_parameter = 1"),
        /unused parameter: no_such_parameter=1/,
      ],
    ];
    for (const [what, bundle, words] of refused)
      test(`${what}: Postfix's words, file and line, and everything as before`, async () => {
        const master = await postfixMaster(server);
        const applied = await apply(server, bundle());
        assert.equal(applied.exitCode, 1, applied.stderr);
        assert.match(applied.stderr, words);
        assert.match(applied.stderr, new RegExp(`${mainCf}:${lines + 1}\\b`));
        assert.match(applied.stderr, /everything was put back/);
        assert.equal(await server.system.must(["cat", mainCf]), good.files[mainCf]!.content);
        assert.equal(await postfixMaster(server), master);
        await assertWhole(server);
      });

    test("a daemon that does not answer as it should after a valid change: everything is put back", async () => {
      const wrong = changed(good, mainCf, (text) =>
        text.replace(/^smtpd_banner = .*$/m, "smtpd_banner = someone.else ESMTP"),
      );
      const health = wrong.health!.map((check) => ({ ...check, timeoutSeconds: 2 }));
      const applied = await apply(server, { ...wrong, health });
      assert.equal(applied.exitCode, 1, applied.stderr);
      assert.match(applied.stderr, /health check failed.*127\.0\.0\.1:(25|587) said '220 someone\.else ESMTP'/);
      await assertWhole(server);
      await assertDelivers(server);
    });

    test("a failed up: the validator's words; the old daemon delivers; the next good up recovers", async () => {
      const master = await postfixMaster(server);
      server.stack.configure((config) => config.setIn(["config", "mailstack:messageSizeLimitMb"], 43));
      const copy = programWith("this is no setting");
      try {
        const output = await failingUp(server, { cwd: copy });
        assert.match(output, new RegExp(`${mainCf}:${lines + 1}: refused: .postfix check. ended with 1`));
        assert.match(output, /missing '=' after attribute name/);
        assert.match(output, /everything was put back/);
      } finally {
        rmSync(copy, { recursive: true });
      }
      assert.equal(await server.system.must(["cat", mainCf]), good.files[mainCf]!.content);
      assert.equal(await postfixMaster(server), master);
      await assertWhole(server);
      await assertDelivers(server);

      const { summary } = await server.up();
      assertNewSizeLimit(summary);
      assert.equal(
        (await server.system.must(["postconf", "-h", "message_size_limit"])).trim(),
        String(43 * 1024 * 1024),
      );
      await assertDelivers(server);
    });
  });
}

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { localDomain } from "../../local-cloud/cli/bring-up";
import { prepareEngine } from "../../local-cloud/engine";
import { commandsOf, wordsOf } from "../support/documents";
import { oneSystem, serverFor, type Server } from "./support/servers";

const pages = "docs/admin";
const names = [
  "operating.md",
  "users.md",
  "volume-and-filters.md",
  "dkim.md",
  "state-and-secrets.md",
  "library.md",
  "deliverability.md",
  "growth.md",
];
const lines = names.flatMap((name) => commandsOf(join(pages, name)));

/** Programs of the host; a line that begins with one of them is run there. */
const onHost = ["mailstack", "certbot", "journalctl", "postconf", "postfix", "postqueue"];
/** Calls of Pulumi that change nothing, by their first words; all others must only exist, with their options. */
const readOnly = ["stack output", "preview", "refresh --preview-only"];
/** What a reader types when a command asks for a password. */
const ownPassword = "correct horse battery staple 8";

for (const os of oneSystem(
  "the commands of the pages are those of Pulumi and of the program mailstack, which are the same on each",
)) {
  describe(`${pages} on ${os}`, () => {
    let server: Server;
    const of = (first: string[]) => lines.filter((line) => first.includes(wordsOf(line)[0] ?? ""));
    const here = (line: string) => line.replaceAll(localDomain, server.domain);
    const bob = () => server.address("bob");
    before(async () => {
      server = await serverFor(os);
      // A run that ended half way may have left him, with a password of his own.
      await server.system.exec(["mailstack", "user", "purge", bob(), "--yes"]);
      server.stack.configure((config) => config.addIn(["config", "mailstack:users"], { address: bob() }));
      await server.up();
    });
    after(async () => {
      await server.restoreConfig();
      await server.up();
    });

    test("the pages have what this file looks for", () => {
      assert.ok(of(onHost).length >= 10, of(onHost).join("\n"));
      for (const start of readOnly)
        assert.ok(
          lines.some((line) => line.startsWith(`pulumi ${start}`)),
          start,
        );
    });

    test("every command for the host does what it says, in the order of the pages", async () => {
      for (const line of of(onHost).map(here)) {
        if (line.includes(" purge ")) {
          // The page says that the user is taken out of the configuration first.
          const early = await server.system.exec(wordsOf(line));
          assert.notEqual(early.exitCode, 0, "mail of a user in use was deleted");
          await server.restoreConfig();
          await server.up();
        }
        const input = line.includes("set-password") ? `${ownPassword}\n` : "";
        const result = await server.system.exec(wordsOf(line), { input, timeout: 180_000 });
        assert.equal(result.exitCode, 0, `${line}\n${result.stdout}${result.stderr}`);
      }
      const users = await server.system.must(["mailstack", "user", "list"]);
      assert.ok(!users.includes(bob()), "a purged user is still there");
    });

    test("every read-only call of Pulumi works on a stack", async () => {
      const calls = of(["pulumi"]).filter((line) => readOnly.some((start) => line.startsWith(`pulumi ${start}`)));
      for (const line of new Set(calls.map(here).map((call) => call.replace(/ > .*/, "")))) {
        const result = await server.stack.pulumi(wordsOf(line).slice(1), { reject: false });
        assert.equal(result.exitCode, 0, `${line}\n${result.stdout}${result.stderr}`);
      }
    });

    test("every other call of Pulumi exists, with its options", async () => {
      const { binDirectory } = await prepareEngine({ progress: console.error, only: ["pulumi"] });
      for (const line of of(["pulumi"])) {
        const words = wordsOf(line).slice(1);
        const names = words.filter((word) => /^[a-z-]+$/.test(word) && !word.startsWith("-"));
        const { stdout: help } = await execa(join(binDirectory, "pulumi"), [...names, "--help"]);
        const usage = /^Usage:\n {2}pulumi (.*)$/m.exec(help)?.[1] ?? "";
        const known = usage.split(" ").filter((word) => /^[a-z-]+$/.test(word));
        assert.ok(known.length > 0, `${line}: ${help.slice(0, 200)}`);
        // The last word may be another name of the command.
        const also = /^Aliases:\n {2}(.*)$/m.exec(help)?.[1]?.split(", ") ?? [];
        known.forEach((word, at) => assert.ok([word, ...also].includes(names[at] ?? ""), line));
        // A group of commands says nothing about a word that it does not know.
        if (help.includes("Available Commands:")) assert.equal(names.length, known.length, line);
        for (const option of words.filter((word) => word.startsWith("--")))
          assert.match(help, new RegExp(`${option.replace(/=.*/, "")}\\b`), line);
      }
    });

    test("the deployer's key opens the host, whose key is known beforehand", async () => {
      const output = async (...words: string[]) =>
        (await server.stack.pulumi(["stack", "output", ...words])).stdout.trim();
      const folder = mkdtempSync(join(tmpdir(), "mailstack-docs-"));
      try {
        writeFileSync(join(folder, "mailstack"), `${await output("deployKey", "--show-secrets")}\n`, { mode: 0o600 });
        writeFileSync(join(folder, "known_hosts"), `${await output("hostname")} ${await output("hostKey")}\n`);
        const line = here(lines.find((one) => one.startsWith("ssh "))!).replace("~/.ssh", folder);
        const [ssh, ...words] = wordsOf(line);
        const options = ["-o", `UserKnownHostsFile=${folder}/known_hosts`, "-o", "StrictHostKeyChecking=yes"];
        const result = await server.inCloud([ssh!, ...options, "-o", "BatchMode=yes", ...words]);
        assert.equal(result.exitCode, 0, result.stderr);
        assert.match(result.stdout, /^ok {3}smtp 25/m);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    test("a setting changed as the page says shows as a line of a file; drift is found and put right", async () => {
      const set = wordsOf(lines.find((one) => one.includes("messageSizeLimitMb"))!).slice(1);
      await server.stack.pulumi(set);
      const preview = await server.stack.pulumi(["preview", "--diff"]);
      assert.match(preview.stdout, /\+ *message_size_limit = 47185920/);
      await server.restoreConfig();

      await server.system.must(["sh", "-c", "echo '# somebody' >> /etc/postfix/main.cf"]);
      const drift = await server.system.exec(["mailstack", "verify"]);
      assert.equal(drift.exitCode, 3);
      assert.match(drift.stdout, /^postfix: \/etc\/postfix\/main\.cf content was changed$/m);
      const [, ...again] = wordsOf(lines.find((one) => one.includes("--replace"))!);
      const up = await server.stack.pulumi([...again, "--yes", "--skip-preview"], { reject: false });
      assert.equal(up.exitCode, 0, up.stdout + up.stderr);
      assert.equal((await server.system.exec(["mailstack", "verify"])).exitCode, 0);
      assert.deepEqual(Object.keys((await server.up()).summary), ["same"]);
    });

    test("the state moves to another place and gets another passphrase, and nothing changes", async () => {
      const folder = mkdtempSync(join(tmpdir(), "mailstack-docs-"));
      try {
        const { name } = server.stack;
        const env = { PULUMI_BACKEND_URL: `file://${folder}` };
        // `stack init` writes a settings file beside Pulumi.yaml; this keeps it out of the tree.
        writeFileSync(join(folder, "Pulumi.yaml"), "name: mailstack\nruntime: nodejs\n");
        const elsewhere = { env, cwd: folder };
        await server.stack.pulumi(["stack", "export", "--file", join(folder, "stack.json")]);
        await server.stack.pulumi(["stack", "init"], elsewhere);
        await server.stack.pulumi(["stack", "import", "--file", join(folder, "stack.json")], elsewhere);
        const there = await server.stack.pulumi(["preview", "--expect-no-changes"], { env, reject: false });
        assert.equal(there.exitCode, 0, `${name}: ${there.stdout}${there.stderr}`);

        // Another passphrase: the copy opens with it alone, and nothing changes.
        const change = wordsOf(lines.find((one) => one.endsWith("change-secrets-provider passphrase"))!).slice(1);
        const config = join(folder, `Pulumi.${name}.yaml`);
        copyFileSync(server.stack.configFile, config);
        await server.stack.pulumi(change, { ...elsewhere, input: `${ownPassword}\n` });
        const passphrase = join(folder, "passphrase");
        writeFileSync(passphrase, ownPassword, { mode: 0o600 });
        copyFileSync(config, server.stack.configFile);
        const opened = (more: Record<string, string>) =>
          server.stack.pulumi(["preview", "--expect-no-changes"], { env: { ...env, ...more }, reject: false });
        const renewed = await opened({ PULUMI_CONFIG_PASSPHRASE_FILE: passphrase });
        assert.equal(renewed.exitCode, 0, renewed.stdout + renewed.stderr);
        const old = await opened({});
        assert.notEqual(old.exitCode, 0, "the passphrase of before still opens the state");
        assert.match(old.stdout + old.stderr, /incorrect passphrase/);
      } finally {
        server.restoreConfig();
        rmSync(folder, { recursive: true });
      }
    });
  });
}

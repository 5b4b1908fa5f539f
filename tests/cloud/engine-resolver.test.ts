/** Where the pieces of the engine come from. Nothing outside of loopback is asked. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "engine-resolver-"));
/** The modules read it when they are loaded. */
process.env.MAILSTACK_CACHE = join(folder, "cache");
const silent = { progress: () => undefined };

function program(path: string, text: string): string {
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe("engine resolver", { concurrency: false }, () => {
  let engine: typeof import("../../local-cloud/engine");
  let download: typeof import("../../local-cloud/engine/download");
  let site: Server;
  const asked: string[] = [];
  let answer: { status: number; body?: Buffer } = { status: 200 };

  before(async () => {
    engine = await import("../../local-cloud/engine");
    download = await import("../../local-cloud/engine/download");
    site = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(answer.status).end(request.method === "HEAD" ? undefined : answer.body);
    });
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", () => resolve()));
  });
  afterEach(() => {
    for (const name of ["MAILSTACK_ENGINE", "MAILSTACK_ENGINE_DIR", "MAILSTACK_OFFLINE", "CI", "PULUMI_HOME"])
      delete process.env[name];
    asked.length = 0;
  });
  after(() => {
    site.close();
    rmSync(folder, { recursive: true });
  });
  const address = () => `http://127.0.0.1:${(site.address() as AddressInfo).port}`;

  it("a site that does not answer is not asked again", async () => {
    delete process.env.CI;
    answer = { status: 503 };
    assert.equal(await download.siteAnswers(address()), false);
    assert.equal(asked.length, 1);
    answer = { status: 200 };
    assert.equal(await download.siteAnswers(address()), false);
    assert.equal(asked.length, 1);
    rmSync(join(folder, "cache/engine/no-download"));
    assert.equal(await download.siteAnswers(address()), true);
  });

  it("nothing is asked offline, nor in CI", async () => {
    process.env.MAILSTACK_OFFLINE = "1";
    assert.equal(await download.siteAnswers(address()), false);
    delete process.env.MAILSTACK_OFFLINE;
    process.env.CI = "true";
    assert.equal(await download.siteAnswers(address()), false);
    assert.deepEqual(asked, []);
  });

  it("the vendor's archive gives the CLI and its language host; a broken one leaves nothing", async () => {
    answer = { status: 404 };
    await assert.rejects(download.downloadCli(silent.progress, address()), /answers 404/);
    const archive = join(folder, "pulumi");
    mkdirSync(archive);
    for (const name of ["pulumi", "pulumi-language-nodejs"]) program(join(archive, name), `echo ${name}`);
    answer = { status: 200, body: execFileSync("tar", ["-cz", "-C", folder, "pulumi"]) };
    const cli = await download.downloadCli(silent.progress, address());
    assert.deepEqual(readdirSync(cli).sort(), ["pulumi", "pulumi-language-nodejs"]);
    assert.deepEqual(readdirSync(join(folder, "cache/engine")), ["download-cli-3.259.0"]);
  });

  it("takes the vendor's files from a folder, plain or packed, with the versions it states", async () => {
    const given = join(folder, "given");
    mkdirSync(given);
    program(join(given, "pulumi-resource-command"), "echo plain");
    execFileSync("xz", [program(join(given, "pulumi-resource-random"), "echo packed")]);
    writeFileSync(join(given, "versions.json"), '{ "pulumi-resource-random": "4.21.9" }');
    process.env.MAILSTACK_ENGINE = "vendor";
    process.env.MAILSTACK_ENGINE_DIR = given;
    const { binDirectory, pieces } = await engine.prepareEngine({ ...silent, only: ["random", "command"] });
    assert.deepEqual(
      pieces.map(({ name, version, source }) => [name, version, source]),
      [
        ["command", "1.2.1", "installed"],
        ["random", "4.21.9", "installed"],
      ],
    );
    const plugin = join(binDirectory, "../plugins/resource-random-v4.21.2/pulumi-resource-random");
    assert.equal(execFileSync(plugin, { encoding: "utf8" }), "packed\n");
    process.env.MAILSTACK_ENGINE_DIR = join(folder, "nowhere");
    await assert.rejects(engine.prepareEngine({ ...silent, only: ["random"] }), /nowhere, which does not exist/);
  });

  it("takes what lies in Pulumi's own folder", async () => {
    process.env.PULUMI_HOME = join(folder, "home");
    const place = join(folder, "home/plugins/resource-command-v1.2.1");
    mkdirSync(place, { recursive: true });
    program(join(place, "pulumi-resource-command"), "echo there");
    const { pieces } = await engine.prepareEngine({ ...silent, only: ["command"] });
    assert.equal(pieces[0]!.path, join(place, "pulumi-resource-command"));
  });

  it("says which of the vendor's pieces are missing, and that a kind is unknown", async () => {
    process.env.MAILSTACK_OFFLINE = "1";
    process.env.MAILSTACK_ENGINE = "vendor";
    const missing = engine.prepareEngine({ ...silent, only: ["language-nodejs", "linode"] });
    await assert.rejects(missing, /not there: pulumi-language-nodejs 3\.259\.0, pulumi-resource-linode 5\.1\.1/);
    process.env.MAILSTACK_ENGINE = "homemade";
    await assert.rejects(engine.prepareEngine(silent), /MAILSTACK_ENGINE is "homemade"/);
  });

  it("makes a stand-in of all that is nowhere", async () => {
    process.env.MAILSTACK_OFFLINE = "1";
    process.env.PULUMI_HOME = join(folder, "empty");
    const { pieces } = await engine.prepareEngine({ ...silent, only: ["random"] });
    assert.equal(pieces[0]!.source, "stand-in");
    assert.match(readFileSync(pieces[0]!.path, "utf8"), /node_modules\/node\/bin\/node/);
  });

  it("a folder of the cache is whole or not there, also for two at once", async () => {
    const { cached } = await import("../../local-cloud/engine/cache");
    const fill = async (work: string) => writeFileSync(join(work, "whole"), "");
    const [first, second] = await Promise.all([cached("both", fill), cached("both", fill)]);
    assert.equal(first, second);
    assert.ok(existsSync(join(first!, "whole")));
    const broken = cached("broken", async () => {
      throw new Error("on purpose");
    });
    await assert.rejects(broken, /on purpose/);
    assert.ok(!existsSync(join(folder, "cache/engine/broken")));
    assert.ok(!readdirSync(join(folder, "cache/engine")).some((name) => name.startsWith(".making")));
  });

  it("names the Go that is too old", async () => {
    const { findGo } = await import("../../local-cloud/engine/build-cli");
    const old = program(join(folder, "old-go"), "echo go version go1.19.8 linux/amd64");
    const enough = program(join(folder, "new-go"), "echo go version go1.25.11 linux/amd64");
    await assert.rejects(findGo([old]), /needs Go 1\.25 or newer; found go1\.19\.8$/);
    await assert.rejects(findGo([join(folder, "no-go")]), /found no Go$/);
    assert.equal(await findGo([old, enough]), enough);
  });
});

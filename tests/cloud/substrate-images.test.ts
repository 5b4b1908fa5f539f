import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { ensureImage } from "../../local-cloud/images";
import type { Recipe } from "../../local-cloud/images/build";

/** Where a host of either system finds what makes it believe in the local internet. */
const believed = [
  "usr/share/dns/root.key",
  "usr/share/dns/root.hints",
  "usr/local/share/ca-certificates/mailstack-local-cloud.crt",
  "etc/apt/apt.conf.d/01proxy",
];

/** Processes that have a mount below a folder, and those that were told of it. */
function usersOf(folder: string): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .filter((pid) => {
      try {
        return `${readFileSync(`/proc/${pid}/mountinfo`)}${readFileSync(`/proc/${pid}/cmdline`)}`.includes(folder);
      } catch (error) {
        if (["ENOENT", "ESRCH", "EINVAL", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
        throw error;
      }
    });
}

describe("images", () => {
  // Not in /tmp, which may be in memory.
  const cache = mkdtempSync("/var/tmp/mailstack-images-");
  const packages = join(cache, "debs/bookworm");
  let recipe: Recipe;

  const build = () =>
    execa(
      process.execPath,
      [...process.execArgv, join(__dirname, "substrate/build-image.ts"), JSON.stringify(recipe)],
      {
        env: { MAILSTACK_CACHE: cache },
        reject: false,
      },
    );

  before(async () => {
    const from = await ensureImage("debian12", (line) => console.error(line));
    const inside = `cd /var/cache/apt/archives
touch reached
test -e go || sleep 1000
test ! -e /half
touch /half /whole`;
    recipe = { name: "killed", from, release: "bookworm", inside };
  });
  after(() => rmSync(cache, { recursive: true, force: true }));

  test("of both systems carry the local root of DNS, the local authority and the apt cache, and no host key", async () => {
    for (const name of ["debian12", "debian13"]) {
      const root = await ensureImage(name, (line) => console.error(line));
      for (const file of believed) assert.ok(existsSync(join(root, file)), `${name}: ${file}`);
      assert.deepEqual(
        readdirSync(join(root, "etc/ssh")).filter((file) => file.startsWith("ssh_host_")),
        [],
      );
      const authority = readFileSync(join(root, believed[2]!), "utf8").trim();
      assert.ok(readFileSync(join(root, "etc/ssl/certs/ca-certificates.crt"), "utf8").includes(authority));
      assert.equal(existsSync(join(root, "usr/sbin/policy-rc.d")), false, "services may start");
    }
  });

  test("an unknown name is refused", async () => {
    await assert.rejects(
      ensureImage("debian11", () => {}),
      /unknown image "debian11"/,
    );
  });

  test("a killed build leaves no process and no mount, and the next one begins again", async () => {
    mkdirSync(packages, { recursive: true });
    const killed = build();
    for (let tries = 0; !existsSync(join(packages, "reached")); tries += 1) {
      assert.ok(tries < 600, "the build came to its script");
      await sleep(100);
    }
    assert.notDeepEqual(usersOf(cache), []);
    killed.kill("SIGKILL");
    await killed;
    await sleep(500);
    assert.deepEqual(usersOf(cache), []);
    assert.deepEqual(
      readdirSync(join(cache, "images")).filter((entry) => !/\.(building|lock)$/.test(entry)),
      [],
      "nothing that looks whole",
    );

    writeFileSync(join(packages, "go"), "");
    const again = await build();
    assert.equal(again.exitCode, 0, again.stderr);
    assert.ok(existsSync(join(again.stdout, "whole")));
    assert.equal(readdirSync(join(cache, "images")).length, 1);
    const third = await build();
    assert.equal(third.stdout, again.stdout);
    assert.doesNotMatch(third.stderr, /building/);
  });
});

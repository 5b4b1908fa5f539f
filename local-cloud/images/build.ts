import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lock } from "proper-lockfile";
import { cacheFolder } from "../places";
import { must } from "./command";

/** How an image is made. */
export interface Recipe {
  name: string;
  /** Image to start from; a full copy is changed. Without it the script starts with an empty folder. */
  from?: string;
  /** Debian release, for the cache of packages. */
  release: string;
  /** Shell script that makes an empty folder `$ROOT` a system. Runs on this machine. */
  outside?: string;
  /** Shell script that runs as root inside the image, with the machine's network, no service started. */
  inside: string;
}

const folder = join(cacheFolder, "images");
const checkout = join(__dirname, "../..");

/** Another build may take minutes. */
const whenFree = { stale: 30_000, retries: { retries: 600, minTimeout: 1000, maxTimeout: 1000 } };

/** Namespaces for mounts and processes that end with this process, however it ends, and everything in them too. */
const contained = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"];

/**
 * Builds an image unless it is there already; a changed recipe is another image. Mounts live in a mount namespace of
 * their own, so a killed build leaves none, and its half-made folder is removed by the next build.
 * @returns path of the root file system.
 */
export async function buildImage(recipe: Recipe, progress: (line: string) => void): Promise<string> {
  const text = JSON.stringify(recipe);
  // Each checkout would have an image of its own, and take away that of another one whose cloud has yet to start it.
  if (text.includes(checkout)) throw new Error(`the recipe of the image ${recipe.name} names a folder of the checkout`);
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const done = join(folder, `${recipe.name}-${digest}`);
  if (existsSync(done)) return done;
  mkdirSync(join(cacheFolder, "debs", recipe.release, "partial"), { recursive: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const release = await lock(done, { ...whenFree, realpath: false });
  try {
    if (existsSync(done)) return done;
    removeLeftovers(recipe.name, digest);
    const start = Date.now();
    progress(`building the image ${recipe.name}`);
    const root = `${done}.building`;
    mkdirSync(root, { recursive: true });
    if (recipe.from) await must(["cp", "-a", `${recipe.from}/.`, root]);
    if (recipe.outside) await must([...contained, "sh", "-eu", "-c", recipe.outside], { env: { ROOT: root } });
    await inside(root, recipe);
    renameSync(root, done);
    progress(`built the image ${recipe.name} in ${Math.round((Date.now() - start) / 1000)} s`);
    return done;
  } finally {
    await release();
  }
}

async function inside(root: string, recipe: Recipe): Promise<void> {
  const mounts = `
mount --make-rprivate /
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount -t tmpfs tmpfs "$ROOT/run"
mount --bind "$DEBS" "$ROOT/var/cache/apt/archives"
rm -f "$ROOT/etc/resolv.conf"
cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
printf '#!/bin/sh\\nexit 101\\n' > "$ROOT/usr/sbin/policy-rc.d"
chmod 0755 "$ROOT/usr/sbin/policy-rc.d"
chroot "$ROOT" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 sh -eu
rm -f "$ROOT/usr/sbin/policy-rc.d" "$ROOT/etc/resolv.conf"
`;
  const debs = join(cacheFolder, "debs", recipe.release);
  // apt does not wait for another one that has the same packages in hand, as when two checkouts build at the same time.
  const release = await lock(debs, whenFree);
  try {
    await must([...contained, "sh", "-eu", "-c", mounts], { env: { ROOT: root, DEBS: debs }, input: recipe.inside });
  } finally {
    await release();
  }
}

/** Half-made folders of a killed build, and images of older recipes that no running cloud uses. */
function removeLeftovers(name: string, digest: string): void {
  const used = rootsInUse();
  for (const entry of readdirSync(folder)) {
    const match = /^(.+)-[0-9a-f]{12}(\.building)?$/.exec(entry);
    if (match?.[1] === name && entry !== `${name}-${digest}` && !used.has(join(folder, entry)))
      rmSync(join(folder, entry), { recursive: true, force: true });
  }
  rmSync(join(folder, `${name}-${digest}.building`), { recursive: true, force: true });
}

/** Root folders of all processes of this machine. */
function rootsInUse(): Set<string> {
  const roots = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        return [readlinkSync(`/proc/${pid}/root`)];
      } catch (error) {
        // It ended meanwhile, or is one that not even root may look into, so none of a cloud.
        if (["ENOENT", "ESRCH", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
        throw error;
      }
    });
  return new Set(roots);
}

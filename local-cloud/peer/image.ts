import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** Name of the prepared image, and what it is made from. */
export const peerImage = { name: "peer", base: "debian12" } as const;

/**
 * Shell script for a chroot of the base image: writes the peer's files (everything below `files/`, root's, executable where
 * they are in the repository), then installs its packages. Text only, the same for the same files, so that its digest can
 * name the image. Needs Debian's package archive.
 */
export function peerImageScript(): string {
  const root = join(__dirname, "files");
  const writes = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => {
      const mode = statSync(path).mode & 0o100 ? "0755" : "0644";
      const content = readFileSync(path).toString("base64");
      const target = `/${relative(root, path)}`;
      // Not install(1) with /dev/stdin: a chroot may have no such device file.
      return `mkdir -p ${dirname(target)} && echo ${content} | base64 -d > ${target} && chmod ${mode} ${target}`;
    });
  return ["set -eu", ...writes, readFileSync(join(__dirname, "install.sh"), "utf8")].join("\n");
}

import { execaSync } from "execa";
import { join } from "node:path";

/** Why a commit cannot be checked out, in one line; undefined when it can. */
export function missingHistory(ref: string): string | undefined {
  const found = execaSync("git", ["cat-file", "-e", `${ref}^{commit}`], { cwd: join(__dirname, ".."), reject: false });
  return found.exitCode === 0
    ? undefined
    : `the history of this checkout has no ${ref}; git fetch --unshallow brings it`;
}

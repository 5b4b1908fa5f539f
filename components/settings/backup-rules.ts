import { isBySsh } from "./backup";
import { setWith, type Problem } from "./problem";
import type { Settings } from "./schema";

/** What a repository needs beside its address. */
export function backupProblems(settings: Settings): Problem[] {
  const { backupRepository: repository, backupHostKey, backupRegion, region } = settings;
  const problems: Problem[] = [];
  if (isBySsh(repository) && !backupHostKey)
    problems.push({ key: "backupHostKey", message: `is missing; ${setWith("backupHostKey")}` });
  if (repository === "linode" && backupRegion === region)
    problems.push({
      key: "backupRegion",
      message: `"${backupRegion}" is the host's own region, and what destroys one may destroy both; choose another`,
    });
  return problems;
}

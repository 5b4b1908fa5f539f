import type { Settings } from "./settings/schema";

/** A warning for a protected stack without backups. */
export function withoutBackup({ backupRepository, protect }: Pick<Settings, "backupRepository" | "protect">): string[] {
  if (backupRepository !== "" || !protect) return [];
  return [
    "mailstack:backupRepository is empty: if the host is lost, all mail is lost; `linode` creates a bucket for backups",
  ];
}

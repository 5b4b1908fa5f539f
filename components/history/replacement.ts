import type { Settings } from "../settings/schema";

/** A host that was at work when an `up` replaced it. */
export interface Replacement {
  /** ID of its instance. */
  host: string;
  /** Its public IPv4 address. */
  address: string;
}

/** What is known of the host of the last `up`, see `Past`. */
interface PastHost {
  guarded?: string;
  address?: string;
  region?: string;
  os?: string;
  replaced?: Replacement;
}

type Wanted = Pick<Settings, "role" | "region" | "os" | "abandonHost" | "backupRepository">;

/** Settings that only another host can have, as they were and are. */
export function needsAnotherHost(past: PastHost | undefined, settings: Pick<Settings, "region" | "os">) {
  return (["region", "os"] as const)
    .map((key) => ({ key, was: past?.[key], is: settings[key] }))
    .filter(({ was, is }) => was !== undefined && was !== is);
}

/**
 * The host that is to have handed over its work before this `up` replaces it; otherwise that of the last replacement, so
 * that its resource stays as it is.
 */
export function replacementOf(past: PastHost | undefined, settings: Wanted): Replacement | undefined {
  const leaves = leavingHost(past, settings);
  return leaves ?? past?.replaced;
}

/** What an administrator has to do before this `up`: a line for preview. */
export function beforeReplacing(past: PastHost | undefined, settings: Wanted): string[] {
  const leaves = leavingHost(past, settings);
  if (!leaves) return [];
  const changes = needsAnotherHost(past, settings).map(({ key, was, is }) => `${key} ${was} -> ${is}`);
  return [
    `This up replaces the host ${leaves.host} (${changes.join(", ")}), and looks first whether it has handed over its ` +
      "work: run `mailstack backup hand-over` there, as docs/admin/replace-host.md tells. A host that is lost cannot: " +
      `pulumi config set mailstack:abandonHost ${leaves.host}`,
  ];
}

/** A replacement from which nothing would be left: a line for preview. */
export function leavesAllBehind(past: PastHost | undefined, settings: Wanted): string[] {
  const leaves = leavingHost(past, settings);
  if (!leaves || settings.backupRepository !== "") return [];
  const { key, was, is } = needsAnotherHost(past, settings)[0]!;
  if (settings.role === "backup-mx")
    return [
      `mailstack:${key}: the backup MX has ${was}; ${is} needs another host, and mail that waits on this one would be lost; ` +
        "when `mailstack status` there says that the queue is empty, give the host up: " +
        `pulumi config set mailstack:abandonHost ${leaves.host}`,
    ];
  return [
    `mailstack:${key}: the host has ${was}; ${is} needs another host, and without mailstack:backupRepository that begins ` +
      `empty; turn backups on first, or give everything up: pulumi config set mailstack:abandonHost ${leaves.host}`,
  ];
}

function leavingHost(past: PastHost | undefined, settings: Wanted): Replacement | undefined {
  if (past?.guarded === undefined || past.address === undefined) return undefined;
  if (needsAnotherHost(past, settings).length === 0 || settings.abandonHost === past.guarded) return undefined;
  return { host: past.guarded, address: past.address };
}

import * as pulumi from "@pulumi/pulumi";
import { BackupMx, type BackupMxArgs } from "./backup-mx";
import { unusableAccount } from "./cloud/account-check";
import { checkedPast } from "./history/checked-past";
import { primaryOf } from "./reach/references";
import { settingsOf } from "./settings/backup-mx";
import { refusal } from "./settings/refusal";

/** Arguments of a {@link checkedBackupMx}. */
export interface CheckedBackupMxArgs extends Omit<BackupMxArgs, "past" | "primary"> {
  /** The token of the Linode provider, to look at the account before the first host is made. Default: not looked at. */
  linodeToken?: pulumi.Output<string>;
}

/**
 * A backup MX that knows its primary by a reference to that stack, and its own last `up`.
 * @throws pulumi.RunError with a line for everything that only a person can put right.
 */
export async function checkedBackupMx(
  name: string,
  { linodeToken, ...args }: CheckedBackupMxArgs,
  options?: pulumi.ComponentResourceOptions,
): Promise<BackupMx> {
  const primary = await primaryOf(args.settings.primaryStack);
  const settings = settingsOf(args.settings, primary);
  const wrong = settings.hostname.endsWith(`.${settings.domain}`)
    ? []
    : [`mailstack:hostname: "${settings.hostname}" must be a name below ${settings.domain}, the primary's main domain`];
  if (settings.hostname === primary.hostname)
    wrong.push(`mailstack:hostname: "${primary.hostname}" is the primary itself`);
  if (wrong.length > 0) throw refusal("Nothing was changed:", wrong);
  const past = await checkedPast(settings, args);
  const unusable = !past && linodeToken ? await unusableAccount(linodeToken) : [];
  if (unusable.length > 0) throw refusal("Nothing was changed:", unusable);
  return new BackupMx(name, { ...args, primary, past }, options);
}

/** The outputs of a stack with one backup MX. The next `up` and the primary's read some of them, by these names. */
export function outputsOfBackupMx(server: BackupMx) {
  return {
    hostname: server.hostname,
    ipv4: server.ipv4,
    ipv6: server.ipv6,
    hostKey: server.hostKey,
    zones: server.zones,
    history: server.history,
    /** For the primary's stack. */
    backupMx: server.backupMx,
    deployKey: server.deployKey,
  };
}

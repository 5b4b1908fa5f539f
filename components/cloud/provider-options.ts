import type { ProviderArgs } from "@pulumi/linode/provider";
import type { Settings } from "../settings/schema";

/** Options of Linode's provider beside the token. Empty unless needed, so that the provider of existing stacks does not change. */
export function linodeOptions({ backupRepository }: Pick<Settings, "backupRepository">): Partial<ProviderArgs> {
  return backupRepository === "linode" ? { objUseTempKeys: true } : {};
}

import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword";
import { BackupBucket } from "./cloud/backup-bucket";
import { deriveSshKey } from "./deployment/ssh-key";
import { backupSecrets } from "./services/backup";
import { hasLogin, isBySsh } from "./settings/backup";
import type { Settings } from "./settings/schema";

/** Arguments of {@link makeBackupSecrets}. */
export interface BackupSecretsArgs {
  settings: Pick<Settings, "backupRepository" | "backupRegion" | "protect">;
  /** Of the bucket, where the stack makes one. */
  label: string;
  /** Required by repositories with a login. */
  accessKey?: pulumi.Input<string>;
  secretKey?: pulumi.Input<string>;
}

/** What the host and its owner need for backups. */
export interface BackupSecrets {
  /** For the host, by the names in {@link backupSecrets}; empty without backups. */
  values: Record<string, pulumi.Output<string>>;
  /** For the backup server's authorized_keys. */
  publicKey: pulumi.Output<string>;
  /** Without it no backup can be read. Secret. */
  password: pulumi.Output<string>;
}

/** How long a Linode bucket keeps deleted objects. */
const historyDays = 30;

/**
 * Generates the repository's password and key. They exist even without backups, so that turning backups off and on again
 * keeps the repository readable.
 */
export function makeBackupSecrets(
  name: string,
  args: BackupSecretsArgs,
  opts: pulumi.ComponentResourceOptions,
): BackupSecrets {
  const { parent } = opts;
  const random = (what: string, length: number) =>
    new RandomPassword(`${name}-${what}`, { length, special: false }, { parent });
  const password = random("password", 43).result;
  const key = random("key", 64).result.apply(deriveSshKey);
  // Identifies this stack's own snapshots, whatever the host is called.
  const identity = random("identity", 16).result;
  const { backupRepository: repository, backupRegion: region, protect } = args.settings;
  const values: Record<string, pulumi.Output<string>> = {};
  const put = (secret: keyof typeof backupSecrets, value: pulumi.Input<string>) =>
    (values[backupSecrets[secret]] = pulumi.secret(value));
  if (repository === "linode") {
    const bucket = new BackupBucket(`${name}-bucket`, { label: args.label, region, historyDays, protect }, opts);
    put("repository", bucket.repository);
    put("accessKey", bucket.accessKey);
    put("secretKey", bucket.secretKey);
  } else if (repository !== "") put("repository", repository);
  if (hasLogin(repository)) {
    if (args.accessKey === undefined || args.secretKey === undefined)
      throw new Error("the backup repository needs backupAccessKey and backupSecretKey");
    put("accessKey", args.accessKey);
    put("secretKey", args.secretKey);
  }
  if (repository !== "") {
    put("identity", identity);
    put("password", password);
  }
  if (isBySsh(repository)) put("sshKey", key.privateKey);
  return { values, publicKey: pulumi.unsecret(key.publicKey), password: pulumi.secret(password) };
}

import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { sandbox } from "../deployment/sandbox";
import type { Stack } from "./stack";

/** Readable by root only; host/mailstack/backup/settings.py reads it. */
export const backupFolder = "/etc/mailstack-backup";
const units = "/etc/systemd/system";
const timer = "mailstack-backup.timer";

/** Names of the secrets that backups need on the host. */
export const backupSecrets = {
  repository: "backup-repository",
  identity: "backup-identity",
  password: "backup-password",
  sshKey: "backup-ssh-key",
  accessKey: "backup-access-key",
  secretKey: "backup-secret-key",
} as const;

/**
 * The timer of `mailstack backup run`, which copies what each service declares as `state` into the repository. It comes
 * last, once everything is set up; `restore-state` writes the repository's address and keys.
 */
export const backup = defineService({
  name: "backup",
  type: "operations:Backup",
  after: ["restore-state"],
  // A protected host is worth a backup: `mailstack status` says when it has none.
  enabled: ({ backupRepository, protect }) => backupRepository !== "" || protect,
  afterHealth: true,
  render,
});

/** The unit reads mail in its own mount namespace, in which no symbolic link is followed. */
const backupSandbox = sandbox.filter((line) => line !== "RestrictNamespaces=yes");

function render({
  backupRepository: repository,
  backupEveryHours: everyHours,
}: Pick<Stack, "protect" | "backupRepository" | "backupEveryHours">): BundleBody {
  if (repository === "")
    return {
      directories: { [backupFolder]: { owner: "root:root", mode: "0700" } },
      files: filesFrom("backup", { [`${backupFolder}/none`]: {} }, {}),
    };
  return {
    files: filesFrom(
      "backup",
      { [`${units}/mailstack-backup.service`]: {}, [`${units}/${timer}`]: {} },
      { sandbox: backupSandbox, everyHours, delaySeconds: Math.min(everyHours, 2) * 600 },
    ),
    validate: [["systemd-analyze", "verify", `${units}/mailstack-backup.service`, `${units}/${timer}`]],
    units: { [timer]: { onChange: "restart" } },
  };
}

import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { sandbox } from "../deployment/sandbox";
import type { Stack } from "./stack";

/** Readable by root only; host/mailstack/backup/settings.py reads it. */
export const backupFolder = "/etc/mailstack-backup";
const units = "/etc/systemd/system";
const timers = ["mailstack-backup.timer", "mailstack-restore-test.timer"];

/** Names of what backups need on the host beside the settings, most of it secret. */
export const backupSecrets = {
  repository: "backup-repository",
  identity: "backup-identity",
  password: "backup-password",
  begins: "backup-begins",
  sshKey: "backup-ssh-key",
  accessKey: "backup-access-key",
  secretKey: "backup-secret-key",
} as const;

/**
 * The timers of `mailstack backup run`, which copies what each service declares as `state` into the repository, and of
 * `mailstack restore test`. They come last, once everything is set up; `restore-state` writes the repository's address
 * and keys.
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
  const paths = [...timers.map((timer) => timer.replace(".timer", ".service")), ...timers].map(
    (name) => `${units}/${name}`,
  );
  return {
    files: filesFrom("backup", Object.fromEntries(paths.map((path) => [path, {}])), {
      sandbox: backupSandbox,
      everyHours,
      delaySeconds: Math.min(everyHours, 2) * 600,
    }),
    validate: [["systemd-analyze", "verify", ...paths]],
    units: Object.fromEntries(timers.map((timer) => [timer, { onChange: "restart" }])),
  };
}

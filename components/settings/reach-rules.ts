import type { Problem } from "./problem";
import type { Settings } from "./schema";

/** What only the other one of the two stacks has. */
export function reachProblems({
  role,
  primaryStack,
  backupStack,
  clamav,
}: Pick<Settings, "role" | "primaryStack" | "backupStack" | "clamav">): Problem[] {
  if (role !== "primary")
    return [
      {
        key: "role",
        message: `"${role}" is a stack of its own with other keys, made by the program of Mailstack or its BackupMx`,
      },
    ];
  if (clamav && backupStack !== "")
    return [
      {
        key: "backupStack",
        message:
          "does not go with mailstack:clamav: what a backup MX hands on is refused no more, so a virus would come by it; " +
          "set one of the two to its default",
      },
    ];
  if (primaryStack === "") return [];
  return [
    {
      key: "primaryStack",
      message:
        'is for a backup MX only; set mailstack:role to "backup-mx", or name the backup\'s in mailstack:backupStack',
    },
  ];
}

import { sandbox } from "../host/sandbox";
import type { Bundle } from "../rendering/bundle";
import { filesFrom, program as executable } from "../rendering/files";
import { accountsDatabase, accountsGroup } from "./accounts.render";
import { quotaStatusSocket } from "./dovecot.render";

/** Where Postfix asks, as it names the socket from inside its chroot. */
export const mailboxQuotaPolicy = "private/mailbox-quota";

const socket = `/var/spool/postfix/${mailboxQuotaPolicy}`;
const program = "/usr/local/libexec/mailstack/mailbox-quota";
const unit = "mailstack-mailbox-quota";

/** Tells Postfix at RCPT that a mailbox is full, also one behind an alias. Needs accounts and Dovecot. */
export function renderMailboxQuota(): Bundle {
  const units = "/etc/systemd/system";
  return {
    service: "mailbox-quota",
    packages: ["postfix"],
    files: filesFrom(
      "mailbox-quota",
      { [`${units}/${unit}.socket`]: {}, [`${units}/${unit}.service`]: {}, [program]: executable },
      { socket, program, sandbox, group: accountsGroup, database: accountsDatabase, quotaStatus: quotaStatusSocket },
    ),
    validate: [["systemd-analyze", "verify", `${units}/${unit}.service`]],
    units: { [`${unit}.socket`]: { onChange: "none" } },
    health: [{ socket }],
    // One that still runs is the old program. Not `stop`: the health check's connection may be starting it just now, and
    // that start cancels a stop, which then ends with 1.
    after: [["systemctl", "try-restart", `${unit}.service`]],
  };
}

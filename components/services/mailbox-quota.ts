import { sandbox } from "../deployment/sandbox";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { accountsDatabase, accountsGroup } from "./accounts";
import { quotaStatusSocket } from "./dovecot";

/** Where Postfix asks, as it names the socket from inside its chroot. */
export const mailboxQuotaPolicy = "private/mailbox-quota";

const socket = `/var/spool/postfix/${mailboxQuotaPolicy}`;
const unit = "mailstack-mailbox-quota";

/** Tells Postfix at RCPT that a mailbox is full, also one behind an alias. Needs accounts and Dovecot. */
export const mailboxQuota = defineService({
  name: "mailbox-quota",
  type: "mail:MailboxQuota",
  after: ["accounts", "dovecot"],
  packages: ["postfix"],
  modules: ["daemons/mailbox_quota.py"],
  render,
});

function render(): BundleBody {
  const units = "/etc/systemd/system";
  return {
    files: filesFrom(
      "mailbox-quota",
      { [`${units}/${unit}.socket`]: {}, [`${units}/${unit}.service`]: {} },
      { socket, sandbox, group: accountsGroup, database: accountsDatabase, quotaStatus: quotaStatusSocket },
    ),
    validate: [["systemd-analyze", "verify", `${units}/${unit}.service`]],
    units: { [`${unit}.socket`]: { onChange: "none" } },
    health: [{ socket }],
    // One that still runs is the old program. Not `stop`: the health check's connection may be starting it just now, and
    // that start cancels a stop, which then ends with 1.
    after: [["systemctl", "try-restart", `${unit}.service`]],
  };
}

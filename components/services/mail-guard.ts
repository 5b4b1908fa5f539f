import { sandbox } from "../deployment/sandbox";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { milterPort } from "./rspamd";

/** Where Postfix hands mail to the guard, as it would to Rspamd. */
export const mailGuardPort = 11331;
export const mailGuardAddress = `127.0.0.1:${mailGuardPort}`;

const unit = "mailstack-mail-guard";
/** Some large messages at once; what is not being looked at waits on the disk. */
const memoryMb = 512;

/**
 * Refuses messages that are built to keep Rspamd busy, and hands the others to its workers (host/mailstack/daemons/mail_guard.py).
 * Started by the first mail, ended when none comes. Needs Rspamd.
 */
export const mailGuard = defineService({
  name: "mail-guard",
  type: "mail:MailGuard",
  after: ["rspamd"],
  modules: ["daemons/mail_guard_server.py"],
  innerPorts: [{ ports: [mailGuardPort], users: ["postfix"] }],
  render,
});

function render(): BundleBody {
  const units = "/etc/systemd/system";
  return {
    files: filesFrom(
      "mail-guard",
      { [`${units}/${unit}.socket`]: {}, [`${units}/${unit}.service`]: {} },
      { address: mailGuardAddress, filterPort: milterPort, memoryMb, sandbox },
    ),
    validate: [["systemd-analyze", "verify", `${units}/${unit}.service`]],
    units: { [`${unit}.socket`]: { onChange: "none" } },
    health: [{ tcp: mailGuardAddress }],
    // One that still runs is the old program; as for the mailbox quota.
    after: [["systemctl", "try-restart", `${unit}.service`]],
  };
}

import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import type { Stack } from "./stack";

/** A week of a busy small server, and little of a 50 GB disk. */
const journalMb = 256;

const rsyslog = "/etc/rsyslog.d/40-mailstack.conf";
const rotation = "/etc/logrotate.d/rsyslog";
const journal = "/etc/systemd/journald.conf.d/mailstack.conf";

/** A line about mail finds its way from a program into the file. */
const lineArrives =
  'logger -p mail.info -t mailstack "log check $$"; sleep 0.2; grep -q "log check $$" /var/log/mail.log';

/** The journal, and from it the text files of /var/log with their rotation and the administrator's daily report. */
export const logs = defineService({
  name: "logs",
  type: "operations:Logs",
  // The report reads the files, so it needs rsyslog; cron runs it.
  packages: ["cron", "logrotate", "logwatch", "rsyslog"],
  render,
});

function render(stack: Pick<Stack, "system" | "fqdn" | "administrator" | "logRetentionDays">): BundleBody {
  return {
    files: filesFrom(
      "logs",
      {
        [rsyslog]: {},
        [rotation]: {},
        [journal]: {},
        "/etc/logwatch/conf/logwatch.conf": {},
        "/etc/logwatch/conf/services/dovecot.conf": {},
      },
      {
        hostname: stack.fqdn,
        administrator: stack.administrator,
        days: stack.logRetentionDays,
        owner: stack.system.logOwner,
        journalMb,
      },
    ),
    validate: [
      ["rsyslogd", "-N", "1"],
      ["logrotate", "--debug", rotation],
    ],
    units: {
      "systemd-journald.service": { onChange: "none", restartOn: [journal] },
      "rsyslog.service": { onChange: "none", restartOn: [rsyslog] },
      "logrotate.timer": { onChange: "none" },
      "cron.service": { onChange: "none" },
    },
    health: [{ run: ["sh", "-c", lineArrives] }],
  };
}

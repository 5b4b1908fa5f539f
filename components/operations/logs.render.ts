import { systems, type SystemName } from "../host/systems";
import type { Bundle } from "../rendering/bundle";
import { filesFrom } from "../rendering/files";

/** Settings of the host's logs. */
export interface LogsSettings {
  system: SystemName;
  hostname: string;
  /** Gets the daily report. */
  administrator: string;
  /** Days after which a line is gone from files and journal. */
  retentionDays: number;
}

/** The report reads the files, so it needs rsyslog; cron runs it. */
export const logsPackages = ["cron", "logrotate", "logwatch", "rsyslog"];

/** A week of a busy small server, and little of a 50 GB disk. */
const journalMb = 256;

const rsyslog = "/etc/rsyslog.d/40-mailstack.conf";
const rotation = "/etc/logrotate.d/rsyslog";
const journal = "/etc/systemd/journald.conf.d/mailstack.conf";

/** A line about mail finds its way from a program into the file. */
const lineArrives =
  'logger -p mail.info -t mailstack "log check $$"; sleep 0.2; grep -q "log check $$" /var/log/mail.log';

/** The journal, and from it the text files of /var/log with their rotation and the administrator's daily report. */
export function renderLogs(settings: LogsSettings): Bundle {
  return {
    service: "logs",
    packages: logsPackages,
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
        hostname: settings.hostname,
        administrator: settings.administrator,
        days: settings.retentionDays,
        owner: systems[settings.system].logOwner,
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

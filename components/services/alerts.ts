import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { sandbox } from "../deployment/sandbox";
import { afterAt } from "../settings/address";
import { alertUrlKeys, type AlertUrlKey } from "../settings/alerts";
import { mailOwner } from "./accounts";
import type { Stack } from "./stack";

/** Readable by root only; host/mailstack/alerts/settings.py reads it. */
const folder = "/etc/mailstack-alerts";
const units = "/etc/systemd/system";
const service = `${units}/mailstack-watch.service`;
const timer = "mailstack-watch.timer";

/** File below the folder that holds each URL. */
const urlFiles: Record<AlertUrlKey, string> = {
  alertWebhookUrl: "webhook-url",
  alertSlackUrl: "slack-url",
  alertNtfyUrl: "ntfy-url",
  heartbeatUrl: "heartbeat-url",
  alertSmsToken: "sms-token",
};

/**
 * The timer of `mailstack watch`, which looks each minute at what `mailstack status` looks at, and tells people what
 * changed. It comes last: while the host is being set up, it would only find what is not there yet.
 */
export const alerts = defineService({
  name: "alerts",
  type: "operations:Alerts",
  enabled: (stack: Pick<Stack, "alerts">) => stack.alerts,
  afterHealth: true,
  render,
});

/** Name of the host's secret that holds a URL. */
export function alertSecret(key: AlertUrlKey): string {
  return `alert-${urlFiles[key]}`;
}

/** The keys of the URLs that are set, always in the same order. */
export function urlsOf(urls: Readonly<Partial<Record<AlertUrlKey, unknown>>> = {}): AlertUrlKey[] {
  return alertUrlKeys.filter((key) => Boolean(urls[key]));
}

function render(
  stack: Pick<
    Stack,
    | "alerts"
    | "alertMail"
    | "alertUrls"
    | "alertSmsAccount"
    | "alertSmsFrom"
    | "alertSmsTo"
    | "alertSmsHost"
    | "administrator"
    | "fqdn"
    | "mailDomains"
  >,
): BundleBody {
  const { alertMail, alertUrls = [], administrator, fqdn: hostname, mailDomains } = stack;
  const { alertSmsAccount: account, alertSmsFrom: sender, alertSmsTo, alertSmsHost: host } = stack;
  const sms = { account, sender, to: JSON.stringify(alertSmsTo), host };
  const secret = { owner: "root:root", mode: "0600" };
  const urls = alertUrls.map((key) => [`${folder}/${urlFiles[key]}`, secret]);
  const mail = alertMail.length > 0 ? alertMail : [administrator];
  const local = mail.filter((address) => mailDomains.includes(afterAt(address)));
  return {
    directories: { [folder]: { owner: "root:root", mode: "0700" } },
    files: {
      ...filesFrom(
        "alerts",
        { [`${folder}/settings.json`]: {} },
        { hostname, mail: JSON.stringify(mail), local: JSON.stringify(local) },
      ),
      ...filesFrom("alerts", Object.fromEntries(urls) as Record<string, typeof secret>, {}),
      ...(account ? filesFrom("alerts", { [`${folder}/sms.json`]: {} }, sms) : {}),
      ...filesFrom("alerts", { [service]: {}, [`${units}/${timer}`]: {} }, { sandbox, mail: mailOwner.home }),
    },
    validate: [
      ["/usr/local/sbin/mailstack", "alert", "check"],
      ["systemd-analyze", "verify", service, `${units}/${timer}`],
    ],
    units: { [timer]: { onChange: "restart" } },
  };
}

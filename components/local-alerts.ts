import { urlsOf } from "./services/alerts";
import { afterAt } from "./settings/address";
import type { AlertUrlKey } from "./settings/alerts";
import type { Settings } from "./settings/schema";

/** A warning for a protected stack whose alerts all end on the host that they are about. */
export function onlyLocalAlerts(
  settings: Pick<Settings, "alerts" | "alertMail" | "domain" | "domains" | "protect">,
  urls?: Readonly<Partial<Record<AlertUrlKey, unknown>>>,
): string[] {
  const hosted = [settings.domain, ...settings.domains.map(({ name }) => name)];
  const leaves = settings.alertMail.some((address) => !hosted.includes(afterAt(address)));
  if (!settings.protect || !settings.alerts || leaves || urlsOf(urls).length > 0) return [];
  return [
    "mailstack:alertMail: every alert goes to a mailbox of this host, where nobody can read it while the host is down; " +
      "add an address elsewhere, or set one of the URLs (docs/admin/alerts.md)",
  ];
}

import { afterAt } from "./address";
import { hasSms } from "./alerts";
import type { Problem } from "./problem";
import type { Settings } from "./schema";

/** Names that every domain has without an alias, and the administrator gets. */
const administratorNames = ["abuse", "hostmaster", "postmaster", "root"];

/** Recipients of alerts that would bounce, and text messages that lack something. */
export function alertProblems(settings: Settings): Problem[] {
  return [...bouncing(settings), ...smsProblems(settings)];
}

function smsProblems(settings: Settings): Problem[] {
  if (!hasSms(settings)) return [];
  return (["alertSmsAccount", "alertSmsFrom", "alertSmsTo"] as const)
    .filter((key) => settings[key].length === 0)
    .map((key) => ({ key, message: "is missing; text messages need the account, the sender and the numbers" }));
}

function bouncing(settings: Settings): Problem[] {
  const { alertMail, users, aliases, sharedAliases } = settings;
  const hosted = [settings.domain, ...settings.domains.map(({ name }) => name)];
  const known = new Set([...users, ...aliases].map(({ address }) => address));
  const everywhere = new Set([...administratorNames, ...sharedAliases.map(({ name }) => name)]);
  return alertMail.flatMap((address, index) => {
    const domain = afterAt(address);
    const local = address.slice(0, -domain.length - 1);
    if (!hosted.includes(domain) || known.has(address) || known.has(`@${domain}`) || everywhere.has(local)) return [];
    return [
      {
        key: `alertMail[${index}]`,
        message: `"${address}" is in a hosted domain but is no mailbox and no alias; add it to mailstack:users`,
      },
    ];
  });
}

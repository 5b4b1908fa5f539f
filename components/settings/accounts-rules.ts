import { afterAt } from "./address";
import type { Problem } from "./problem";
import type { Settings } from "./schema";

/** A shared alias leads to mailboxes or to other servers: to another alias it could be a loop in one of the domains. */
export function sharedAliasProblems(settings: Settings): Problem[] {
  const hosted = new Set([settings.domain, ...settings.domains.map((domain) => domain.name)]);
  const mailboxes = new Set(settings.users.map((user) => user.address));
  return settings.sharedAliases.flatMap(({ name, destinations }, index) => {
    const twice = settings.sharedAliases.findIndex((other) => other.name === name) < index;
    return [
      ...(twice ? [{ key: `sharedAliases[${index}].name`, message: `"${name}" is named twice` }] : []),
      ...destinations
        .map((destination, position) => ({ destination, key: `sharedAliases[${index}].destinations[${position}]` }))
        .filter(({ destination }) => hosted.has(afterAt(destination)) && !mailboxes.has(destination))
        .map(({ destination, key }) => ({
          key,
          message: `"${destination}" must be a mailbox of mailstack:users or an address elsewhere`,
        })),
    ];
  });
}

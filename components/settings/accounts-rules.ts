import type { Problem } from "./rules";
import { afterAt, type Settings } from "./schema";

const address = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;

/** A shared alias leads to mailboxes or to other servers: to another alias it could be a loop in one of the domains. */
export function sharedAliasProblems(settings: Settings): Problem[] {
  const hosted = [settings.domain, ...settings.domains.map((domain) => domain.name)];
  const mailboxes = settings.users.map((user) => user.address);
  return settings.sharedAliases.flatMap(({ name, destinations }, index) => {
    const twice = settings.sharedAliases.findIndex((other) => other.name === name) < index;
    return [
      ...(twice ? [{ key: `sharedAliases[${index}].name`, message: `"${name}" is named twice` }] : []),
      ...destinations
        .map((destination, position) => ({ destination, key: `sharedAliases[${index}].destinations[${position}]` }))
        .filter(({ destination }) =>
          hosted.includes(afterAt(destination)) ? !mailboxes.includes(destination) : !address.test(destination),
        )
        .map(({ destination, key }) => ({
          key,
          message: `"${destination}" must be a mailbox of mailstack:users or an address elsewhere`,
        })),
    ];
  });
}

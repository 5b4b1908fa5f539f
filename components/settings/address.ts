import { domainToASCII } from "node:url";

/** RFC 1035 section 2.3.4: at most 63 octets a label, 253 a name; at least two labels, since mail domains have a parent. */
const domainPattern = /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/;

/**
 * Local parts of the hosted domains: lower case, because mailboxes are folders and rows of a database; no `+`, which begins
 * a tag, and nothing that has a meaning in a path or a map.
 */
const ownLocalPart = /^(?=.{1,64}@)[a-z0-9_][a-z0-9_-]*(\.[a-z0-9_-]+)*@/;

/** RFC 5322 section 3.2.3, dot-atom-text; RFC 5321 section 4.1.2 has the same without the quotes. */
const dotAtom = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;

/** RFC 5321 section 4.5.3.1.1. */
const longestLocalPart = 64;
/** RFC 5321 section 4.5.3.1.3: a path has 256 octets, two of which are the angle brackets. */
const longestAddress = 254;

/** Whether the text is the name of a mail domain in lower case. */
export function isDomain(text: string): boolean {
  return domainPattern.test(text);
}

/** Whether the text is an address as mailboxes and aliases of this stack have them. */
export function isOwnAddress(text: string): boolean {
  return ownLocalPart.test(text) && isDomain(afterAt(text));
}

/** Part of an address after the last `@`. */
export function afterAt(address: string): string {
  return address.slice(address.lastIndexOf("@") + 1);
}

/** What {@link readAddress} makes of a text. */
export type ReadAddress = { address: string } | { problem: string };

/**
 * Reads an address that may be anybody's. The local part stays as it is: only its own server knows whether case matters
 * (RFC 5321 section 2.4). The domain is brought into the form that DNS and SMTP use: lower case, IDNs as A-labels.
 */
export function readAddress(text: string): ReadAddress {
  const problem = (words: string) => ({ problem: `"${text}" ${words}` });
  const at = text.lastIndexOf("@");
  const [local, domain] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  if (at < 1 || !domain) return problem('is not a mail address, like "friend@example.org"');
  if (local.startsWith('"'))
    return problem("has a quoted local part, which is not supported; use an address that needs no quotes");
  if (/[^\0-\x7f]/.test(local))
    return problem("has characters outside ASCII before the @, which many servers do not take; use an ASCII address");
  if (!dotAtom.test(local)) return problem("has characters before the @ that no unquoted address may have");
  if (local.length > longestLocalPart) return problem(`has more than ${longestLocalPart} characters before the @`);
  if (domain.startsWith("[")) return problem("names an IP address; use the name of a mail domain");
  const ascii = domainToASCII(domain);
  if (!isDomain(ascii)) return problem('has no domain name after the @, like "example.org"');
  const address = `${local}@${ascii}`;
  if (address.length > longestAddress) return problem(`has more than ${longestAddress} characters`);
  return { address };
}

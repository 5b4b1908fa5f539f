import type { BackupExchanger } from "./exchange";

/** A backup MX that the primary believes, and until when if it is no longer the present one. */
export interface TrustedExchanger extends BackupExchanger {
  /** ISO 8601; without it as long as it is named. */
  until?: string;
}

/**
 * Whom a primary believes: the present backup MX, and for some days those that were named before. Senders may still know
 * their names, and they may hold mail.
 * @param day - Until when those of the last `up` are believed.
 */
export function trustedExchangers(
  before: readonly TrustedExchanger[],
  present: BackupExchanger | undefined,
  day: string,
  now: Date,
): TrustedExchanger[] {
  const same = (one: BackupExchanger) => present !== undefined && keyOf(one) === keyOf(present);
  const former = before
    .filter((one) => !same(one))
    .map((one) => ({ ...one, until: one.until ?? day }))
    .filter(({ until }) => Date.parse(until) > now.getTime());
  return [...(present ? [present] : []), ...former];
}

const keyOf = ({ hostname, ipv4, ipv6 }: BackupExchanger) => [hostname, ipv4, ipv6].join(" ");

/** Their addresses as networks. */
export function networksOf(exchangers: readonly BackupExchanger[]): string[] {
  const all = exchangers.flatMap(({ ipv4, ipv6 }) => [`${ipv4}/32`, ...(ipv6 ? [`${ipv6}/128`] : [])]);
  return [...new Set(all)];
}

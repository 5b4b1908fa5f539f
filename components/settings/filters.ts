import { z } from "zod";

/** Keys of what looks at mail beside Rspamd's own rules. */
export const filtersShape = {
  clamav: z.boolean("must be true or false").default(false),
  spamAssassin: z.boolean("must be true or false").default(false),
};

/** A filter that a stack may have, by its key. */
export type Filter = keyof typeof filtersShape;

/**
 * What the rest of the host needs at its peak, in MiB: 1000 for mail and 700 for other services (specification, section
 * 3.1), and 250 for the kernel and files in use.
 */
export const restMemoryMb = 1950;

/**
 * What each filter needs, in MiB. ClamAV: 1.3 GiB for its signatures, the rest for what it unpacks. SpamAssassin: two
 * processes at work, measured; docs/decisions/filters.md.
 */
export const filterMemoryMb: Readonly<Record<Filter, number>> = { clamav: 1800, spamAssassin: 250 };

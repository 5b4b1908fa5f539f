/** The API's times have no zone and mean UTC; the vendor's plugin shows them as RFC 3339. */
export function timestamp(time: string | undefined): string {
  if (!time) return "";
  return /(Z|[+-]\d\d:\d\d)$/.test(time) ? time : `${time}Z`;
}

const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** A Go duration such as `1h30m` in milliseconds. Throws when it is none. */
export function duration(text: string): number {
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) throw new Error(`"${text}" is not a duration such as 15m`);
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) {
    sum += Number(number) * (units[unit ?? ""] ?? 0);
  }
  return sum;
}

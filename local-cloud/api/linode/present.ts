/** Only the fields that a request named; clients send `null` for the others. */
export function present<T extends object>(body: T): { [K in keyof T]: Exclude<T[K], null> } {
  const given = Object.entries(body).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(given) as { [K in keyof T]: Exclude<T[K], null> };
}

/** Systems under test; MAILSTACK_TEST_OS=debian12 picks one. A file that goes through them runs on each. */
export const everySystem = (process.env.MAILSTACK_TEST_OS ?? "debian12,debian13").split(",");

/**
 * For a file whose subject is the same on every system: it runs once, and scripts/system-jobs.ts spreads such files over
 * the systems by their names.
 * @param why - What makes it the same; for whoever changes the file.
 */
export function oneSystem(why: string): [system: string] {
  const [system] = everySystem;
  if (!system || !why) throw new Error("MAILSTACK_TEST_OS names no system, or the file no reason");
  return [system];
}

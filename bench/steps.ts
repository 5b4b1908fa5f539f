/** Where the time of a `pulumi up --json` went. */

interface StepEvent {
  timestamp: number;
  resourcePreEvent?: { metadata: { urn: string } };
  resOutputsEvent?: { metadata: { urn: string } };
}

/**
 * Each resource that took at least this many seconds, as `name begin-end` in seconds since the first event, in the order
 * of their beginnings. The CLI's event times are whole seconds.
 * @param stdout - Standard output of `pulumi up --json`: one event a line.
 */
export function slowSteps(stdout: string, leastSeconds: number): string {
  const events = stdout.split("\n").filter((line) => line.startsWith("{"));
  const began = new Map<string, number>();
  const slow: string[] = [];
  let first: number | undefined;
  for (const event of events.map((line) => JSON.parse(line) as StepEvent)) {
    first ??= event.timestamp;
    const begun = event.resourcePreEvent?.metadata.urn;
    const done = event.resOutputsEvent?.metadata.urn;
    if (begun && isCustom(begun)) began.set(begun, event.timestamp - first);
    const since = done === undefined ? undefined : began.get(done);
    if (done === undefined || since === undefined || event.timestamp - first - since < leastSeconds) continue;
    slow.push(`${done.split("::").at(-1)} ${since}-${event.timestamp - first}`);
  }
  return slow.sort((a, b) => beginning(a) - beginning(b)).join(", ") || "none";
}

function beginning(step: string): number {
  return Number(/ (\d+)-\d+$/.exec(step)?.[1]);
}

/** A component is done when its children are registered, which says nothing. */
function isCustom(urn: string): boolean {
  const type = urn.split("::").at(-2)?.split("$").at(-1) ?? "";
  return !type.startsWith("mailstack:") && !type.startsWith("pulumi:");
}

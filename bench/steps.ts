/** Where the time of a `pulumi up --json` went. */

interface StepEvent {
  timestamp: number;
  resourcePreEvent?: { metadata: { urn: string } };
  resOutputsEvent?: { metadata: { urn: string } };
}

/**
 * The resources that took at least this many seconds, longest first. The CLI's event times are whole seconds.
 * @param stdout - Standard output of `pulumi up --json`: one event a line.
 */
export function slowSteps(stdout: string, leastSeconds: number): string {
  const started = new Map<string, number>();
  const took = new Map<string, number>();
  for (const line of stdout.split("\n").filter((text) => text.startsWith("{"))) {
    const event = JSON.parse(line) as StepEvent;
    const begun = event.resourcePreEvent?.metadata.urn;
    const done = event.resOutputsEvent?.metadata.urn;
    if (begun && isCustom(begun)) started.set(begun, event.timestamp);
    if (done && started.has(done)) took.set(done, event.timestamp - started.get(done)!);
  }
  const slow = [...took].filter(([, seconds]) => seconds >= leastSeconds).sort((a, b) => b[1] - a[1]);
  return slow.map(([urn, seconds]) => `${urn.split("::").at(-1)} ${seconds}`).join(", ") || "none";
}

/** A component is done when its children are registered, which says nothing. */
function isCustom(urn: string): boolean {
  const type = urn.split("::").at(-2)?.split("$").at(-1) ?? "";
  return !type.startsWith("mailstack:") && !type.startsWith("pulumi:");
}

/** What Ctrl-C does while Pulumi works. */

/** Thrown when the user stopped the run. */
export class Interrupted extends Error {}

/**
 * Does `work`, whose signal is aborted at the first Ctrl-C (or SIGTERM): Pulumi then ends the step it is at and writes down
 * what there is. The second one ends this process at once.
 * @throws Interrupted when `work` ended after that.
 */
export async function interruptible<T>(
  progress: (line: string) => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(130);
    progress("stopping: Pulumi ends its step and writes down what there is (again: stop at once)");
    stop.abort();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of signals) process.on(name, onSignal);
  try {
    return await work(stop.signal);
  } catch (error) {
    if (stop.signal.aborted) throw new Interrupted("stopped; the same command goes on from here", { cause: error });
    throw error;
  } finally {
    for (const name of signals) process.off(name, onSignal);
  }
}

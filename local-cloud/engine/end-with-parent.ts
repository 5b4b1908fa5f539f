/** How often a plugin looks whether the engine that started it is still there, in milliseconds. */
const interval = 1000;

/**
 * Calls `end` when the process that started this one is gone: an engine that was killed ends no plugin itself, and a
 * command of a dead deployment must not go on.
 */
export function endWithParent(end: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, interval);
  timer.unref();
}

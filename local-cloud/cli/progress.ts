/** Prints each line of progress with the time since the start, so that a long step shows where it is. */
export function progressPrinter(): (line: string) => void {
  const start = Date.now();
  return (line) => {
    const seconds = Math.round((Date.now() - start) / 1000);
    process.stderr.write(`[${String(seconds).padStart(4)} s] ${line}\n`);
  };
}

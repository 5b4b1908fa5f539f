/** The error of a call that was ended from outside; the vendor's words when the program's `customTimeouts` are over. */
export function cancellation(signal: AbortSignal): Error {
  const timeout = signal.reason instanceof DOMException && signal.reason.name === "TimeoutError";
  return new Error(timeout ? "context deadline exceeded" : "cancelled", { cause: signal.reason });
}

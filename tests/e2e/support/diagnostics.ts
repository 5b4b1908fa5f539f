import assert from "node:assert/strict";
import type { UpResult } from "./servers";

/** What Pulumi says to who deploys. */
interface Diagnostic {
  severity: string;
  message: string;
}

/** What an `up` said about something. @throws AssertionError with all that it did say. */
export function diagnosticOf({ output }: UpResult, words: string): Diagnostic {
  const events = output.split("\n").filter((line) => line.includes("diagnosticEvent"));
  const said = events.map((line) => (JSON.parse(line) as { diagnosticEvent: Diagnostic }).diagnosticEvent);
  const found = said.find(({ message }) => message.includes(words));
  assert.ok(found, `nothing about ${words} in: ${said.map(({ message }) => message).join(" | ")}`);
  return found;
}

/** What a command prints: kept whole, shown line by line, and told in full when the command fails. */
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** Which streams are shown while the command runs; absent: both. */
export type Logging = "stdout" | "stderr" | "stdoutAndStderr" | "none";

export interface Printed {
  /** Without one newline at the end. */
  stdout: string;
  stderr: string;
}

/** Collects both streams of a command. */
export class Output {
  private readonly texts = { stdout: "", stderr: "" };
  private readonly rests = { stdout: "", stderr: "" };
  private both = "";

  /** @param show - Gets each line, without its end. */
  constructor(
    private readonly logging: Logging = "stdoutAndStderr",
    private readonly show: (line: string) => void = () => undefined,
  ) {}

  read(name: "stdout" | "stderr", stream: Readable): void {
    const decoder = new StringDecoder("utf8");
    stream.on("data", (data: Buffer) => this.add(name, decoder.write(data)));
    stream.on("end", () => this.add(name, decoder.end()));
  }

  /** To be called when both streams have ended. */
  printed(): Printed {
    for (const name of ["stdout", "stderr"] as const) {
      if (this.rests[name] !== "") this.show(this.rests[name]);
      this.rests[name] = "";
    }
    const { stdout, stderr } = this.texts;
    return { stdout: stdout.replace(/\n$/, ""), stderr: stderr.replace(/\n$/, "") };
  }

  /** In the vendor's words: why, the command, and all it printed. */
  failure(reason: string, command: string): Error {
    this.printed();
    return new Error(`${reason}: running ${quoted(command)}:\n${this.both}`);
  }

  private add(name: "stdout" | "stderr", text: string): void {
    this.texts[name] += text;
    this.both += text;
    if (this.logging !== name && this.logging !== "stdoutAndStderr") return;
    const lines = (this.rests[name] + text).split("\n");
    this.rests[name] = lines.pop()!;
    for (const line of lines) this.show(line.replace(/\r$/, ""));
  }
}

/** Go's `%q`, in which the vendor's plugin shows a command. */
function quoted(text: string): string {
  const short: Record<string, string> = { "\x07": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r" };
  const more: Record<string, string> = { "\t": "\\t", "\v": "\\v", "\\": "\\\\", '"': '\\"' };
  const named = { ...short, ...more };
  // eslint-disable-next-line no-control-regex
  const escaped = text.replace(/[\x00-\x1f\x7f\\"]/g, (character) => {
    return named[character] ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
}

import { execa, type Options } from "execa";

/**
 * Runs a program of this machine.
 * @returns its standard output.
 * @throws Error with the command and the last lines that it printed.
 */
export async function must(command: string[], options: Options = {}): Promise<string> {
  const [program, ...words] = command;
  const result = await execa(program!, words, { all: true, reject: false, maxBuffer: 64 * 1024 * 1024, ...options });
  if (result.exitCode !== 0) {
    const said = String(result.all ?? result.stderr ?? "")
      .trim()
      .split("\n")
      .slice(-12)
      .join("\n");
    throw new Error(
      `${command.slice(0, 6).join(" ")} ended with ${result.exitCode ?? result.signal}:\n${said || result.shortMessage}`,
    );
  }
  return String(result.stdout ?? "");
}

/** Like {@link must}, for clean-up: what is gone already is no failure. @returns the exit code. */
export async function attempt(command: string[]): Promise<number> {
  const [program, ...words] = command;
  const result = await execa(program!, words, { reject: false });
  return result.exitCode ?? 1;
}

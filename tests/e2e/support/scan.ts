import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { Secrets } from "./secrets";
import type { Server } from "./servers";

/** A secret that was found where it must not be. */
export interface Leak {
  /** What the secret is; never the secret. */
  secret: string;
  /** File, or what was scanned. */
  where: string;
}

/** Folders of every host that hold no files. */
const noFiles = ["--exclude-dir=proc", "--exclude-dir=sys"];
/** Quoting of grep: no pattern but fixed texts, binary files too, only what matched, no devices and pipes. */
const grep = ["grep", "-HaFo", "-D", "skip", "-f", "-"];

/** Looks for secrets as they are, in base64 and in hexadecimal, in any place of a longer text. */
export class Scanner {
  private readonly needles = new Map<string, string>();

  constructor(secrets: Secrets) {
    for (const [name, texts] of secrets)
      for (const text of texts) for (const form of forms(text)) this.needles.set(form, name);
  }

  /** Files of the host below these folders that an ordinary user can read. */
  async worldReadable(server: Server, folders: string[]): Promise<Leak[]> {
    const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    return this.onHost(server, nobody, folders);
  }

  /** Files below these folders of the host, also those that only root can read. */
  async ofRoot(server: Server, folders: string[]): Promise<Leak[]> {
    return this.onHost(server, [], folders);
  }

  /** Files of this machine below these folders. */
  async here(folders: string[]): Promise<Leak[]> {
    const [program, ...words] = [...grep, "-rZ", "--", ...folders];
    return this.leaks(await run(program!, words, this.patterns));
  }

  /** A text that was printed. */
  async text(text: string, where: string): Promise<Leak[]> {
    const folder = mkdtempSync(join(tmpdir(), "mailstack-scan-"));
    try {
      writeFileSync(join(folder, "text"), text, { mode: 0o600 });
      return (await this.here([folder])).map((leak) => ({ ...leak, where }));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  private get patterns(): string {
    return [...this.needles.keys()].join("\n");
  }

  private async onHost(server: Server, as: string[], folders: string[]): Promise<Leak[]> {
    const command = [...as, ...grep, "-rZ", ...noFiles, "--", ...folders];
    const result = await server.system.exec(command, { input: this.patterns, environment: { LC_ALL: "C" } });
    return this.leaks(result.stdout);
  }

  private leaks(matches: string): Leak[] {
    const found = [...matches.matchAll(/([^\0\n]+)\0(.*)/g)].map(([, where, text]) => {
      const secret = this.needles.get(text!);
      if (secret === undefined) throw new Error(`grep found in ${where} what it was not asked for`);
      return `${secret}\0${where}`;
    });
    return [...new Set(found)].sort().map((one) => {
      const [secret, where] = one.split("\0");
      return { secret: secret!, where: where! };
    });
  }
}

/** grep ends with 2 for files that it may not read or that are gone, which is no failure here. */
async function run(program: string, words: string[], input: string): Promise<string> {
  const options = {
    input,
    reject: false,
    stripFinalNewline: false,
    env: { LC_ALL: "C" },
    maxBuffer: 256 * 1024 * 1024,
  };
  const { stdout, exitCode, shortMessage } = await execa(program, words, options);
  if (exitCode === undefined) throw new Error(shortMessage);
  return stdout;
}

/** The text, and what it becomes inside a longer text that is encoded. */
function forms(text: string): string[] {
  const bytes = Buffer.from(text);
  const encoded = [0, 1, 2].map((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // The first and the last character also carry bits of what stands before and after.
    return whole.slice(offset === 0 ? 0 : offset + 1, (bytes.length + offset) % 3 === 0 ? undefined : -1);
  });
  return [text, ...encoded, bytes.toString("hex")];
}

import { readFile } from "node:fs/promises";
import { execa } from "execa";

/** What a program inside a system did. */
export interface ExecResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface ExecOptions {
  /** Standard input. */
  input?: string | Uint8Array;
  /** Milliseconds until the program is ended and the call rejects; default 120 000. */
  timeout?: number;
  /** Extra environment; the program gets nothing of the caller's own. */
  environment?: Record<string, string>;
}

/** Runs programs inside one booted system of the cloud, found by its network namespace. No sshd is needed. */
export class System {
  /** @param namespace name of the system's network namespace, as in `ip netns`. */
  constructor(private readonly namespace: string) {}

  /** Process id, on this machine, of the system's init. Throws when the system does not run. */
  async leader(): Promise<number> {
    const { stdout } = await execa("ip", ["netns", "pids", this.namespace]);
    for (const pid of stdout.split("\n").filter(Boolean)) {
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      // The last number is the id in the innermost pid namespace.
      if (/^NSpid:\s+\d+\s+1$/m.test(status)) return Number(pid);
    }
    throw new Error(`no system runs in the network namespace ${this.namespace}`);
  }

  /** The path, on this machine, of a file inside the running system. */
  async path(inside: string): Promise<string> {
    return `/proc/${await this.leader()}/root${inside}`;
  }

  /** Runs a program as root inside the system; rejects only when it cannot be run or does not end in time. */
  async exec(argv: string[], options: ExecOptions = {}): Promise<ExecResult> {
    const target = ["-t", String(await this.leader()), "-m", "-u", "-i", "-n", "-p"];
    // The shell starts the program and waits. nsenter itself would stop for ever together with a stopped program, and a
    // system that goes down stops all of its own for a moment (systemd-shutdown(8)).
    const started = ["--no-fork", "--", "sh", "-c", '"$@"; exit $?', "sh", ...argv];
    const result = await execa("nsenter", [...target, ...started], {
      input: options.input ?? "",
      timeout: options.timeout ?? 120_000,
      reject: false,
      stripFinalNewline: false,
      maxBuffer: 256 * 1024 * 1024,
      extendEnv: false,
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        HOME: "/root",
        LANG: "C.UTF-8",
        ...options.environment,
      },
    });
    if (result.exitCode === undefined) {
      throw new Error(`${argv[0]} in ${this.namespace}: ${result.shortMessage}`);
    }
    return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
  }

  /** Like {@link exec}, and rejects with the program's own words when it fails; its standard output. */
  async must(argv: string[], options: ExecOptions = {}): Promise<string> {
    const result = await this.exec(argv, options);
    if (result.exitCode !== 0) {
      const words = (result.stderr || result.stdout).trim();
      throw new Error(`${argv.join(" ")} in ${this.namespace} ended with ${result.exitCode}: ${words}`);
    }
    return result.stdout;
  }
}

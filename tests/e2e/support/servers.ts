import { readFileSync, writeFileSync } from "node:fs";
import { execa } from "execa";
import { parse } from "yaml";
import { systems, type SystemName } from "../../../components/deployment/systems";
import { findServer, prepareStack, upStack, type LocalServer } from "../../../local-cloud/cli/bring-up";
import type { Stack } from "../../../local-cloud/cli/stack";
import { inCloud } from "../../../local-cloud/cloud/lifecycle";
import { addresses } from "../../../local-cloud/contracts";
import { Peer } from "../../../local-cloud/peer/peer";
import { System } from "../../../local-cloud/peer/system";
import { isSettled, settle } from "./settled";
import { until } from "./until";

export { everySystem, oneSystem } from "./systems";

/** The tests have a cloud of their own, so that they never touch the one of `npm run local`. */
export const testCloud = process.env.MAILSTACK_TEST_CLOUD ?? "test";

/** One domain for each system, both on the same small internet. */
const domains: Record<string, string> = { debian12: "ementech.co.ke", debian13: "second.example" };

/**
 * Tests of many files give wrong passwords from the peer's addresses, or over IPv6 from this machine;
 * fail2ban.test.ts takes their trust away.
 */
const settings = {
  "mailstack:trustedCidrs": [`${addresses.peer}/32`, `${addresses.peer6}/128`, `${addresses.gateway6}/128`],
};

const opened = new Map<string, Promise<Server>>();

/** The mail server on this system, brought up first where it is not. */
export function serverFor(os: string): Promise<Server> {
  const known = opened.get(os) ?? Server.open(os);
  opened.set(os, known);
  return known;
}

/** A stack of a test file's own. */
interface OwnStack {
  name: string;
  domain: string;
  /** Default Pulumi.local.yaml. */
  file?: string;
  /** Beside those of the file, by their full keys. */
  settings?: Record<string, unknown>;
}

/** What an `up` did, as Pulumi counts it. */
export interface UpResult {
  summary: Record<string, number>;
  output: string;
}

/** What a user logs in with. */
interface Login {
  user: string;
  password: string;
}

/** What a program printed, and how it ended. */
interface Ran {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** Runs a client program of this machine inside the cloud of the tests. */
export async function inTestCloud(command: string[], input = "", timeout = 60_000): Promise<Ran> {
  const [program, ...words] = inCloud(testCloud, command);
  const result = await execa(program!, words, { input, reject: false, timeout });
  return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? 1 };
}

/** A mail server under test, seen as its users and its administrator see it. */
export class Server {
  readonly peer = new Peer(testCloud);
  readonly system: System;
  private readonly declared: string;

  private constructor(
    readonly os: string,
    private readonly local: LocalServer,
    declared?: string,
  ) {
    this.system = new System(local.namespace);
    this.declared = declared ?? readFileSync(local.stack.configFile, "utf8");
  }

  /** @param stack - Of a file's own, with a domain of its own, where it leaves another host behind. */
  static async open(
    os: string,
    stack: OwnStack = { name: `test-${os}`, domain: domains[os] ?? `${os}.example` },
  ): Promise<Server> {
    const { name, domain, file } = stack;
    const all = { ...settings, ...stack.settings };
    const options = { cloud: testCloud, stack: name, os, domain, file, settings: all, progress: console.error };
    const { stack: opened } = await prepareStack(options);
    if (!isSettled(opened)) {
      await upStack(options, opened, (work) => work());
      settle(opened);
    }
    const server = new Server(os, await findServer(testCloud, opened));
    // The tests break what people are told about; those of alerts end the pause.
    await server.system.must(["mailstack", "alert", "pause", "7d"]);
    return server;
  }

  /** The server of the same stack, after its host was replaced. */
  async successor(os = this.os): Promise<Server> {
    return new Server(os, await findServer(testCloud, this.stack), this.declared);
  }

  get stack(): Stack {
    return this.local.stack;
  }
  get domain(): string {
    return this.local.domain;
  }
  get hostname(): string {
    return this.local.hostname;
  }
  /** File with every root certificate that a client in this cloud trusts. */
  get trustFile(): string {
    return this.local.trustFile;
  }
  /** Network namespace of the host. */
  get namespace(): string {
    return this.local.namespace;
  }
  /** Public address of the host. */
  get ipv4(): string {
    return this.local.address;
  }
  /** Public IPv6 address of the host. */
  async ipv6(): Promise<string> {
    return JSON.parse((await this.stack.pulumi(["stack", "output", "ipv6", "--json"])).stdout) as string;
  }
  get postfixUnit(): string {
    return systems[this.os as SystemName].postfixUnit;
  }

  /** A text that no other mail holds, to find one by. */
  unique(what: string): string {
    return `${what} ${this.os} ${Date.now()}-${Math.random().toString(36).slice(2, 8)}`;
  }

  address(localPart: string): string {
    return `${localPart}@${this.domain}`;
  }

  /** Current password of a user whose password is still the generated one. */
  async login(localPart: string): Promise<Login> {
    const user = this.address(localPart);
    const password = await this.system.must(["mailstack", "user", "initial-password", user]);
    return { user, password: password.trim() };
  }

  /** @param words - More of the command line. */
  async up(words: string[] = []): Promise<UpResult> {
    const result = await this.stack.pulumi(["up", "--yes", "--skip-preview", "--json", ...words]);
    // One with words may have been for a part of the stack.
    if (words.length === 0) settle(this.stack);
    return { summary: summaryOf(result.stdout), output: result.stdout };
  }

  /** Puts the configuration back as it was when the test file began. */
  restoreConfig(): void {
    writeFileSync(this.stack.configFile, this.declared);
  }

  userIndex(localPart: string): number {
    const config = parse(readFileSync(this.stack.configFile, "utf8")) as {
      config: Record<string, { address: string }[]>;
    };
    const index = config.config["mailstack:users"]!.findIndex((user) => user.address === this.address(localPart));
    if (index < 0) throw new Error(`no user ${localPart} in ${this.stack.configFile}`);
    return index;
  }

  /** As {@link inTestCloud}. */
  inCloud(command: string[], input = "", timeout = 60_000): Promise<Ran> {
    return inTestCloud(command, input, timeout);
  }

  /** Message numbers in INBOX whose subject holds the text, by IMAPS; waits for the first. */
  async imapFind(localPart: string, subject: string): Promise<string> {
    let numbers: string | undefined;
    const login = await this.login(localPart);
    await until(`a mail with the subject "${subject}" in the INBOX of ${this.address(localPart)}`, async () => {
      const words = [`imaps://${this.hostname}/INBOX`, "-X", `SEARCH SUBJECT "${subject}"`];
      numbers = /\* SEARCH((?: \d+)+)/.exec(await this.curl(login, words))?.[1];
      return numbers !== undefined;
    });
    return numbers!.trim();
  }

  /** The newest message by POP3S. */
  async pop3Last(localPart: string): Promise<string> {
    const login = await this.login(localPart);
    const list = await this.curl(login, [`pop3s://${this.hostname}/`]);
    const last = [...list.matchAll(/^(\d+) \d+/gm)].at(-1)?.[1];
    return this.curl(login, [`pop3s://${this.hostname}/${last}`]);
  }

  private async curl({ user, password }: Login, words: string[]): Promise<string> {
    // The password goes through standard input: process arguments are for everyone to read.
    const command = ["curl", "--silent", "--show-error", "--cacert", this.trustFile, "--config", "-", ...words];
    const result = await this.inCloud(command, `user = "${user}:${password}"\n`);
    if (result.exitCode !== 0) throw new Error(`curl ${words.join(" ")}: ${result.stderr}`);
    return result.stdout;
  }
}

/** Pulumi's count of changes out of its JSON event stream. */
function summaryOf(stdout: string): Record<string, number> {
  for (const line of stdout.split("\n").reverse()) {
    if (!line.includes("summaryEvent")) continue;
    const event = JSON.parse(line) as { summaryEvent?: { resourceChanges: Record<string, number> } };
    if (event.summaryEvent) return event.summaryEvent.resourceChanges;
  }
  throw new Error(`pulumi printed no summary:\n${stdout.slice(-2000)}`);
}

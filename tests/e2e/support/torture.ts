import { execa } from "execa";
import { join } from "node:path";
import { hostNamespace } from "../../../local-cloud/places";
import { sixMinutesLater } from "./rspamd";
import { testCloud, type Server } from "./servers";

/** What was said to one letter, and how long that took. */
export interface Answer {
  code: number;
  words: string;
  seconds: number;
}

/** What came of all of them, and the longest time in which nobody was answered, in seconds. */
export interface Answers {
  answers: Record<string, Answer>;
  stall: number;
}

/** What tests/fuzz/send.py takes. */
export type TortureJob = { run: string; subject: string; to: string } & (
  { kind: "fuzz"; seed: number; numbers: number[]; sessions: number } | { kind: "bombs"; kinds: string[] }
);

const folder = join(__dirname, "../../fuzz");
export const sender = "friend@peer.example";

/** Sends letters from the peer's address, which the tests' stack trusts: no limit for one client applies to it. */
export async function torture(server: Server, job: TortureJob): Promise<Answers> {
  const input = JSON.stringify({ server: server.ipv4, sender, ...job });
  const peer = hostNamespace(testCloud, server.peer.identity.host);
  const command = ["netns", "exec", peer, "python3", "-B", join(folder, "send.py")];
  const { stdout } = await execa("ip", command, { input, maxBuffer: 1 << 30 });
  return JSON.parse(stdout) as Answers;
}

/**
 * How long nobody may wait, in seconds: 5, and on a busy machine as many times more as a plain letter takes longer there.
 * One takes a tenth of a second at most where nothing else runs.
 */
export async function patienceOf(server: Server, to: string): Promise<number> {
  const run = `plain-${Date.now()}`;
  const { answers } = await torture(server, { kind: "bombs", run, subject: run, to, kinds: [] });
  const times = Object.values(answers).map(({ seconds }) => seconds);
  await server.system.must(["doveadm", "expunge", "-u", to, "mailbox", "*", "subject", run]);
  return Math.max(5, 50 * times.sort((one, other) => one - other)[Math.floor(times.length / 2)]!);
}

/** Names of a group of letters in tests/fuzz/bombs.py. */
export async function kindsOf(group: "REFUSED" | "SLOW" | "GOOD"): Promise<string[]> {
  const program = `import bombs, json; print(json.dumps(list(bombs.${group})))`;
  const { stdout } = await execa("python3", ["-B", "-c", program], { env: { PYTHONPATH: folder } });
  return JSON.parse(stdout) as string[];
}

/** Odd mail is put off once: this sender is known to this recipient from then on. */
export async function passGreylisting(server: Server, to: string): Promise<void> {
  const job = { run: `first-${Date.now()}`, subject: "first", to };
  await torture(server, { kind: "fuzz", seed: 1, numbers: [0, 1, 2], sessions: 1, ...job });
  await sixMinutesLater(server);
}

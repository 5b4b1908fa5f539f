import { redisSocket } from "../../../components/services/redis";
import type { Server } from "./servers";
import { until } from "./until";

/** One command to the database in which Rspamd remembers; its answer. */
function redis(server: Server, ...words: string[]): Promise<string> {
  return server.system.must(["redis-cli", "-s", redisSocket, ...words]);
}

/** How many messages Rspamd has been taught, from where it keeps that: its own `stat` is up to half a minute old. */
export async function learned(server: Server): Promise<{ spam: number; ham: number }> {
  const counters = await redis(server, "hmget", "RS", "learns_spam", "learns_ham");
  const [spam, ham] = counters.split("\n").map(Number);
  return { spam: spam ?? 0, ham: ham ?? 0 };
}

/** Rspamd's line in the log about a message, with every symbol that it found. */
export async function verdictOn(server: Server, messageId: string): Promise<string> {
  const log = await server.system.must(["journalctl", "--unit=rspamd.service", "--since=-10min", "--output=cat"]);
  const lines = log.split("\n").filter((line) => line.includes("rspamd_task_write_log"));
  const id = messageId.replace(/[<>]/g, "");
  const line = lines.filter((each) => each.includes(id)).at(-1);
  if (line === undefined) throw new Error(`Rspamd's log has no verdict on ${id}`);
  return line;
}

/** Rspamd believes that whatever it has put off, it has put off six minutes ago. */
export async function sixMinutesLater(server: Server): Promise<void> {
  const script = `
for _, key in ipairs(redis.call("KEYS", "rg[bm]*")) do
  redis.call("SET", key, redis.call("GET", key) - 360, "KEEPTTL")
end`;
  await redis(server, "eval", script, "0");
}

/** Forgets what was put off and who has written how much, so that a test begins like the first one. */
export async function forget(server: Server, ...patterns: string[]): Promise<void> {
  // Not by a script: Redis 8 counts what a script has held, and stays full after one that held very many.
  const cli = `redis-cli -s ${redisSocket}`;
  const script = `${cli} --scan --pattern "$1" | xargs -r -n 1000 ${cli} unlink > /dev/null`;
  for (const pattern of patterns)
    await server.system.must(["bash", "-eo", "pipefail", "-c", script, "forget", pattern]);
}

/**
 * Gives Rspamd's memory more words of Bayes than there is room for.
 * @param forgotten - So many of what it had are gone after that. Redis picks them from a few at a time by chance.
 */
export async function overfill(server: Server, forgotten: number): Promise<void> {
  const script = `
for index = 1, 50000 do
  local key = "RS_filling_" .. ARGV[1] .. "_" .. index
  redis.call("HSET", key, "S", "1")
  redis.call("EXPIRE", key, 8000000)
end`;
  const evicted = async () => Number(/^evicted_keys:(\d+)/m.exec(await redis(server, "info", "stats"))?.[1]);
  const before = await evicted();
  for (let round = 1; (await evicted()) < before + forgotten; round += 1) {
    if (round > 40) throw new Error("2 million words do not fill the memory");
    await redis(server, "eval", script, "0", `${Date.now()}`);
  }
}

/** Redis forgets first what was not used for longest, and knows that to the second: what fills the memory is older. */
export async function untilOld(server: Server): Promise<void> {
  const idle = async () => Number(await redis(server, "object", "idletime", (await redis(server, "randomkey")).trim()));
  await until("what fills the memory is some seconds old", async () => (await idle()) >= 3);
}

/** Takes out what {@link overfill} put in. */
export async function drain(server: Server): Promise<void> {
  await forget(server, "RS_filling_*");
  const used = Number(/^used_memory:(\d+)/m.exec(await redis(server, "info", "memory"))?.[1]);
  if (!(used < 32 * 1024 ** 2)) throw new Error(`Redis still has ${used} bytes`);
}

/** Seconds until Rspamd forgets each of a few words that it has learned; -1: never. */
export async function wordsLeft(server: Server): Promise<number[]> {
  const script = `
local left = {}
for _, key in ipairs(redis.call("SCAN", 0, "MATCH", "RS_[0-9]*", "COUNT", 1000)[2]) do
  left[#left + 1] = redis.call("TTL", key)
end
return left`;
  return (await redis(server, "eval", script, "0")).split("\n").filter(Boolean).map(Number);
}

/** Teaches Rspamd many messages at once. Arguments: spam or ham; standard input: JSON list of texts. */
const teachScript = `
import json, os, subprocess, sys, tempfile
with tempfile.TemporaryDirectory() as folder:
    os.chmod(folder, 0o755)
    for number, text in enumerate(json.load(sys.stdin)):
        with open(f"{folder}/{number}.eml", "w") as file:
            file.write(text)
    ask = ["rspamc", "--connect=/run/rspamd/controller.sock", f"learn_{sys.argv[1]}", folder]
    print(subprocess.run(["runuser", "-u", "_rspamd", "--", *ask], check=True, capture_output=True, text=True).stdout)
`;

export async function teach(server: Server, what: "spam" | "ham", messages: string[]): Promise<void> {
  await server.system.must(["python3", "-c", teachScript, what], { input: JSON.stringify(messages), timeout: 300_000 });
}

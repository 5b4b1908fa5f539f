/**
 * Notes the arguments of every process that this machine shows, hosts' processes among them, until standard input ends;
 * then prints them as a JSON list. Only for processes younger than a second it looks again and again: a program's
 * arguments are those of its parent until it is executed, and some programs change them.
 */
import { readFileSync, readdirSync } from "node:fs";

const pauseMs = 2;
const youngMs = 1000;
/** When each process was first seen. */
let seen = new Map<string, number>();
const found = new Set<string>();

function look(): void {
  const now = Date.now();
  const before = seen;
  // Those that are gone are forgotten: their numbers come again.
  seen = new Map();
  for (const pid of readdirSync("/proc")) {
    if (pid < "0" || pid > "9999999999") continue;
    const first = before.get(pid) ?? now;
    seen.set(pid, first);
    if (now - first > youngMs) continue;
    try {
      found.add(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim());
    } catch (error) {
      if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
      seen.delete(pid);
    }
  }
}

look();
console.log("ready");
const timer = setInterval(look, pauseMs);
process.stdin.resume();
process.stdin.once("end", () => {
  clearInterval(timer);
  look();
  console.log(JSON.stringify([...found]));
});

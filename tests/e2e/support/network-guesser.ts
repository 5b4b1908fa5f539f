import type { Server } from "./servers";

/**
 * Gives COUNT wrong passwords for each user at 993, all at the same time, each from another address of a /64 that nobody
 * has; as in idle.ts, answers come here. Prints how many were refused as wrong, and in the end whether yet another
 * address of the /64, and one of the next /64, are let in.
 */
const script = `
import imaplib, json, socket, ssl, subprocess, sys, threading, time
job = json.load(sys.stdin)
anything = ssl._create_unverified_context()
def connected(address):
    one = socket.socket(socket.AF_INET6)
    one.setsockopt(socket.IPPROTO_IPV6, 78, 1)
    one.settimeout(60)
    one.bind((address, 0))
    one.connect((job["host6"], 993))
    return one
class Guess(imaplib.IMAP4_SSL):
    def __init__(self, address):
        self.address = address
        super().__init__(job["host6"], 993, ssl_context=anything)
    def _create_socket(self, timeout=None):
        return anything.wrap_socket(connected(self.address))
for network in job["networks"]:
    subprocess.run(["ip", "-6", "route", "replace", "local", network + "::/64", "dev", "lo"], check=True)
first, second = job["networks"]
wrong = []
def guess(number, user):
    try: Guess(f"{first}::{number:x}").login(user, f"guess {number}")
    except imaplib.IMAP4.error: wrong.append(number)
    except OSError: pass
pairs = [(number * len(job["users"]) + place + 1, user) for number in range(job["count"]) for place, user in enumerate(job["users"])]
threads = [threading.Thread(target=guess, args=pair) for pair in pairs]
for thread in threads: thread.start()
for thread in threads: thread.join()
def let_in(address):
    try: connected(address).close()
    except OSError as error: return type(error).__name__
    return "open"
end = time.monotonic() + 20
while (last := let_in(f"{first}:ffff::1")) == "open" and time.monotonic() < end: time.sleep(0.5)
print(json.dumps({"wrong": len(wrong), "same": last, "next": let_in(f"{second}::1")}))
`;

/** @param networks - The /64 that guesses and one beside it, as text of the first 64 bits. */
export async function guessFromNetwork(
  server: Server,
  networks: [string, string],
  users: string[],
  count: number,
): Promise<{ wrong: number; same: string; next: string }> {
  const input = JSON.stringify({ host6: await server.ipv6(), networks, users, count });
  const result = await server.inCloud(["python3", "-c", script], input, 180_000);
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return JSON.parse(result.stdout) as { wrong: number; same: string; next: string };
}

import type { Credentials } from "./password-client";
import type { Server } from "./servers";

/** How one login, or one look at the page, went. */
export interface Answer {
  status: number;
  seconds: number;
}

/**
 * Logs in at the webmail as a browser would: fetches all forms first, then sends them at the same time. With `body` the
 * form goes to another task's address. A look without a login is one without a user.
 */
const script = `
import json, re, socket, ssl, sys, threading, time, urllib.error, urllib.parse, urllib.request
job = json.load(sys.stdin)
anything = ssl._create_unverified_context()
find, connect = socket.getaddrinfo, socket.create_connection
socket.getaddrinfo = lambda _name, *more, **named: find(job["host"], *more, **named)
socket.create_connection = lambda to, timeout=60, source=None, **named: connect(to, 60, (job["source"], 0), **named)
page = f"https://webmail.{job['domain']}/"
def form():
    browser = urllib.request.build_opener(urllib.request.HTTPSHandler(context=anything), urllib.request.HTTPCookieProcessor())
    text = browser.open(page, timeout=60).read().decode()
    return browser, re.search('name="_token" value="([^"]+)"', text)[1]
def send(browser, token, user, password):
    fields = {"_task": "login", "_action": "login", "_token": token, "_user": user, "_pass": password}
    return browser.open(page + "?_task=" + job["task"], urllib.parse.urlencode(fields).encode(), timeout=60)
answers = []
def timed(work):
    start = time.monotonic()
    try: status = work().status
    except urllib.error.HTTPError as error: status = error.code
    answers.append({"status": status, "seconds": time.monotonic() - start})
ready = [(*form(), user, password) for user, password in job["logins"]]
threads = [threading.Thread(target=timed, args=(lambda each=each: send(*each),)) for each in ready]
for thread in threads: thread.start()
for thread in threads: thread.join()
if not ready: timed(lambda: urllib.request.urlopen(page, context=anything, timeout=60))
print(json.dumps(answers))
`;

/** @param source - Address of this machine that they come from; "peer": the peer's own. */
export async function webmailLogins(
  server: Server,
  source: string,
  logins: Credentials[],
  task = "login",
): Promise<Answer[]> {
  const { ipv4: host, domain } = server;
  const pairs = logins.map(({ user, password }) => [user, password]);
  const input = JSON.stringify({ host, domain, source: source === "peer" ? "0.0.0.0" : source, task, logins: pairs });
  const command = ["python3", "-c", script];
  if (source === "peer") return JSON.parse(await server.peer.system.must(command, { input })) as Answer[];
  const result = await server.inCloud(command, input, 120_000);
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return JSON.parse(result.stdout) as Answer[];
}

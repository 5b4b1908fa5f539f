import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hostNamespace } from "../../../local-cloud/places";
import { testCloud, type Server } from "./servers";

/** One message to send; `id` is its Message-ID without the brackets. */
export interface LoadMessage {
  id: string;
  from: string;
  to: string;
  subject: string;
  body: string;
  /** Size of an attachment of random bytes. */
  attachmentBytes?: number;
}

/** Messages for one port, over some connections at the same time, from one address of this machine. */
export interface LoadJob {
  server: string;
  port: number;
  tls: "starttls" | "wrapped";
  source?: string;
  sessions: { user?: string; password?: string; messages: LoadMessage[] }[];
}

/** Sends the job of its standard input; prints the reply code of each message, by its id. */
export const sender = `
import base64, json, os, smtplib, ssl, sys, threading
job = json.load(sys.stdin)
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
source = (job["source"], 0) if job.get("source") else None
codes = {}
def text(message):
    lines = [f"From: {message['from']}", f"To: {message['to']}", f"Subject: {message['subject']}",
             f"Message-ID: <{message['id']}>", "Date: Wed, 25 Nov 2026 12:00:00 +0000", "MIME-Version: 1.0"]
    size = message.get("attachmentBytes")
    if not size:
        return "\\r\\n".join([*lines, "", message["body"], ""])
    data = base64.encodebytes(os.urandom(size)).decode().replace("\\n", "\\r\\n")
    return "\\r\\n".join([*lines, "Content-Type: application/octet-stream", "Content-Transfer-Encoding: base64", "", data])
def work(session):
    if job["tls"] == "wrapped":
        smtp = smtplib.SMTP_SSL(job["server"], job["port"], timeout=120, context=context, source_address=source)
    else:
        smtp = smtplib.SMTP(job["server"], job["port"], timeout=120, source_address=source)
        smtp.starttls(context=context)
    if session.get("user"):
        smtp.login(session["user"], session["password"])
    for message in session["messages"]:
        try:
            smtp.sendmail(message["from"], [message["to"]], text(message))
            codes[message["id"]] = 250
        except smtplib.SMTPResponseException as error:
            codes[message["id"]] = error.smtp_code
        except smtplib.SMTPRecipientsRefused as error:
            codes[message["id"]] = error.recipients[message["to"]][0]
    smtp.quit()
threads = [threading.Thread(target=work, args=(session,)) for session in job["sessions"]]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps(codes))
`;

/** IMAP clients that look for mail twice a second until one with the subject is there. Prints how often each looked. */
export const readers = `
import imaplib, json, ssl, sys, threading, time
job = json.load(sys.stdin)
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
looks, faults = [], []
def work(user, password):
    try:
        imap = imaplib.IMAP4_SSL(job["server"], 993, ssl_context=context, timeout=60)
        imap.login(user, password)
        imap.select("INBOX")
        count, end = 0, time.monotonic() + 200
        while time.monotonic() < end:
            imap.noop()
            count += 1
            if imap.search(None, "SUBJECT", '"' + job["subject"] + '"')[1][0]:
                break
            time.sleep(0.5)
        else:
            faults.append(f"{user}: the last mail did not come")
        imap.logout()
        looks.append(count)
    except Exception as error:
        faults.append(f"{user}: {error!r}")
threads = [threading.Thread(target=work, args=tuple(login)) for login in job["logins"]]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps({"looks": looks, "faults": faults}))
`;

/** How often each Message-ID is in each mailbox of a domain: \`{"ceo": {"ID": 1}}\`. Run on the host. */
export const inventory = `
import collections, json, os, re, sys
root = "/var/vmail/" + sys.argv[1]
found = {}
for user in os.listdir(root):
    counts = found[user] = collections.Counter()
    for folder, _, names in os.walk(os.path.join(root, user)):
        if os.path.basename(folder) in ("new", "cur"):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    head = file.read(65536)
                match = re.search(rb"^Message-ID:\\s*<([^>]*)>", head, re.M | re.I)
                if match: counts[match[1].decode()] += 1
print(json.dumps(found))
`;

/** Something else on the host that holds so many MiB and uses them all the time. */
export const holdMemory = `
import sys, time
size = int(sys.argv[1]) << 20
held = bytearray(size)
while True:
    for place in range(0, size, 4096): held[place] = (held[place] + 1) & 255
    time.sleep(1)
`;

/** What the kernel says of the host's memory, whichever version of control groups this machine has. */
export function memoryOf(server: Server): { limit: number; peak: number; killed: number } {
  const host = server.namespace.slice(hostNamespace(testCloud, "").length);
  const path = join(`mailstack-${testCloud}`, host);
  const unified = existsSync("/sys/fs/cgroup/cgroup.controllers");
  const folder = join(unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory", path);
  const number = (name: string) => Number(readFileSync(join(folder, name), "utf8"));
  const killsIn = (file: string) => Number(/^oom_kill (\d+)$/m.exec(readFileSync(file, "utf8"))?.[1] ?? Number.NaN);
  if (unified)
    return { limit: number("memory.max"), peak: number("memory.peak"), killed: killsIn(join(folder, "memory.events")) };
  const below = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = below.filter((name) => name.endsWith("memory.oom_control"));
  const killed = files.map((name) => killsIn(join(folder, name))).reduce((sum, one) => sum + one, 0);
  return { limit: number("memory.limit_in_bytes"), peak: number("memory.max_usage_in_bytes"), killed };
}

import { execa } from "execa";
import { inCloud } from "../../local-cloud/cloud/lifecycle";
import type { System } from "../../local-cloud/peer/system";

/** A login, and the folder and letter that its user made. */
export interface User {
  user: string;
  password: string;
}

const mailboxScript = `
import imaplib, json, ssl, sys
job = json.load(sys.stdin)
imap = imaplib.IMAP4_SSL(job["server"], 993, ssl_context=ssl._create_unverified_context(), timeout=60)
imap.login(job["user"], job["password"])
if job["make"]:
    imap.create("Projects")
    imap.subscribe("Projects")
    letter = b"From: me@here.example\\r\\nSubject: my own copy\\r\\n\\r\\nKept.\\r\\n"
    imap.append("Projects", r"(\\Seen \\Flagged)", None, letter)
folders = sorted(line.decode().split('" ')[-1].strip('"') for line in imap.lsub()[1] if line)
imap.select("Projects", readonly=True)
letters = [part[0].decode() + part[1].decode() for part in imap.fetch("1:*", "(UID FLAGS BODY.PEEK[])")[1] if len(part) > 1]
validity = imap.response("UIDVALIDITY")[1][0].decode()
imap.logout()
print(json.dumps({"folders": folders, "letters": letters, "validity": validity}))
`;

/** What a user's mail program shows of the user's own folder; it is made first with \`make\`. */
export async function ownFolder(cloud: string, server: string, user: User, make = false): Promise<unknown> {
  const [program, ...words] = inCloud(cloud, ["python3", "-c", mailboxScript]);
  const input = JSON.stringify({ server, ...user, make });
  return JSON.parse((await execa(program!, words, { input })).stdout);
}

/** Digest and path of each message and each filter on the host's disk. */
export async function storedMail(system: System): Promise<string[]> {
  const which = ["(", "-path", "*/cur/*", "-o", "-path", "*/new/*", "-o", "-name", "*.sieve", ")"];
  const found = await system.must(["find", "/var/vmail", "-type", "f", ...which, "-exec", "sha256sum", "{}", "+"]);
  return found.split("\n").filter(Boolean).sort();
}

/** How often each subject is in the mailboxes. */
export async function storedSubjects(system: System): Promise<Map<string, number>> {
  const found = await system.exec(["grep", "-rhaE", "^Subject: letter ", "/var/vmail"]);
  const counts = new Map<string, number>();
  for (const line of found.stdout.split("\n").filter(Boolean)) {
    const subject = line.replace(/^Subject: /, "").trim();
    counts.set(subject, (counts.get(subject) ?? 0) + 1);
  }
  return counts;
}

/** What Postfix and Dovecot wrote down about a message. */
export async function logOf(system: System, messageId: string): Promise<string> {
  const log = await system.must(["journalctl", "--no-pager", "--output=short-precise", "--since=-30min"]);
  const lines = log.split("\n");
  const id = messageId.replace(/[<>]/g, "");
  const queued = lines.flatMap((line) => (line.includes(id) ? (/ ([0-9A-Za-z]{6,}): /.exec(line)?.[1] ?? []) : []));
  return lines.filter((line) => [id, ...queued].some((word) => line.includes(word))).join("\n");
}

/** Deliveries that Postfix put off itself. */
export async function deferrals(system: System): Promise<string[]> {
  const log = await system.must(["journalctl", "--no-pager", "--output=short-precise", "--since=-30min"]);
  return log.split("\n").filter((line) => line.includes("status=deferred"));
}

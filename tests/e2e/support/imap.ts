import type { Server } from "./servers";

/** A method of Python's imaplib with its arguments, for example `["uid", "MOVE", "7", "Junk"]`. */
export type ImapCommand = [method: string, ...words: string[]];

/** Runs commands in one IMAPS session; prints each answer's lines. Standard input: login and commands. */
const script = `
import imaplib, json, ssl, sys
host, trusted = sys.argv[1:]
job = json.load(sys.stdin)
imaplib.Commands.setdefault("MOVE", ("SELECTED",))
session = imaplib.IMAP4_SSL(host, 993, ssl_context=ssl.create_default_context(cafile=trusted), timeout=30)
session.login(job["user"], job["password"])
answers = []
for method, *words in job["commands"]:
    status, data = getattr(session, method)(*[word.encode() if method == "append" and word is words[-1] else word or None for word in words])
    if status != "OK":
        sys.exit(f"{method} {words}: {status} {data}")
    lines = [part if isinstance(part, bytes) else b"\\n".join(part) for part in data if part is not None]
    answers.append(b"\\n".join(lines).decode("utf-8", "replace"))
session.logout()
print(json.dumps(answers))
`;

/** Runs commands as a user, in one session. @returns one text for each. @throws Error with the server's refusal. */
export async function imap(server: Server, localPart: string, commands: ImapCommand[]): Promise<string[]> {
  const job = JSON.stringify({ ...(await server.login(localPart)), commands });
  const result = await server.inCloud(["python3", "-c", script, server.hostname, server.trustFile], job);
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return JSON.parse(result.stdout) as string[];
}

/** Unique ids, in a folder, of the messages with this text in their subject. */
export async function uidsOf(server: Server, localPart: string, folder: string, subject: string): Promise<string[]> {
  const [, found] = await imap(server, localPart, [
    ["select", folder],
    ["uid", "SEARCH", "SUBJECT", `"${subject}"`],
  ]);
  return (found ?? "").split(" ").filter(Boolean);
}

/** Moves what has this text in its subject. @returns how many messages. */
export async function move(
  server: Server,
  localPart: string,
  subject: string,
  from: string,
  to: string,
): Promise<number> {
  const uids = await uidsOf(server, localPart, from, subject);
  if (uids.length > 0)
    await imap(server, localPart, [
      ["select", from],
      ["uid", "MOVE", uids.join(","), to],
    ]);
  return uids.length;
}

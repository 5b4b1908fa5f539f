import type { Server } from "./servers";

/** Speaks ManageSieve (RFC 5804) with the host: STARTTLS, a login, then the commands; prints each answer. */
const script = `
import base64, json, re, socket, ssl, sys
host, name, trusted = sys.argv[1:]
job = json.load(sys.stdin)
raw = socket.create_connection((host, 4190), 30)
stream = raw.makefile("rb")
def answer():
    text = b""
    while True:
        line = stream.readline()
        if not line: sys.exit(f"closed after {text}")
        text += line
        literal = re.search(rb"\\{(\\d+)\\+?\\}\\r\\n$", line)
        if literal: text += stream.read(int(literal[1]))
        if re.match(rb"(OK|NO|BYE)\\b", line):
            # The words of a refusal may be a literal, with the rest of its line behind it.
            if literal: text += stream.readline()
            return text.decode()
def ask(command):
    raw.sendall(command + b"\\r\\n")
    return answer()
greeting = answer()
assert ask(b"STARTTLS").startswith("OK"), "STARTTLS"
raw = ssl.create_default_context(cafile=trusted).wrap_socket(raw, server_hostname=name)
stream = raw.makefile("rb")
greeting += answer()
plain = base64.b64encode(("\\0" + job["user"] + "\\0" + job["password"]).encode())
logged_in = ask(b'AUTHENTICATE "PLAIN" "' + plain + b'"')
answers = [greeting, logged_in]
for command in job["commands"] if logged_in.startswith("OK") else []:
    words = [("{%d+}\\r\\n" % len(word.encode()) + word) if "\\n" in word else word for word in command]
    answers.append(ask(" ".join(words).encode()))
print(json.dumps(answers))
`;

/** The two answers before the commands' own, and those. */
export interface ManageSieveTalk {
  greeting: string;
  login: string;
  answers: string[];
}

/**
 * Runs commands as a user, from the host itself, where the webmail is. A word with a line break goes as a literal.
 * @param password - Another one than the user's own.
 * @param host - Talk from the peer to this address of the host.
 */
export async function manageSieve(
  server: Server,
  localPart: string,
  commands: string[][],
  password?: string,
  host?: string,
): Promise<ManageSieveTalk> {
  const login = await server.login(localPart);
  const input = JSON.stringify({ ...login, ...(password === undefined ? {} : { password }), commands });
  const trusted = "/etc/ssl/certs/ca-certificates.crt";
  const from = host === undefined ? server.system : server.peer.system;
  const words = ["python3", "-c", script, host ?? "127.0.0.1", server.hostname, trusted];
  const output = await from.must(words, { input });
  const [greeting = "", answer = "", ...answers] = JSON.parse(output) as string[];
  return { greeting, login: answer, answers };
}

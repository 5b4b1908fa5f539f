import type { Server } from "./servers";

/** One message, and what is said around it. */
export interface RawMail {
  from: string;
  to: string[];
  /** As it crosses the wire, but for the dots that DATA doubles. */
  data: string | Buffer;
  /** Default 25. Others need a login, and start TLS. */
  port?: 25 | 587;
  login?: { user: string; password: string };
  /** Behind the address, for example ` SMTPUTF8`. */
  mailWords?: string;
  rcptWords?: string;
}

/** What the server said. */
export interface RawTalk {
  /** Keywords of the last EHLO. */
  ehlo: string[];
  mail: string;
  rcpt: string[];
  /** To the message itself; empty when it was not sent. */
  data: string;
}

/** Arguments: host, port, own name; standard input: the mail as JSON. No library: those change what they send. */
const script = `
import base64, json, re, socket, ssl, sys
host, port, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
job = json.load(sys.stdin)
sock = socket.create_connection((host, port), 60)
sock.settimeout(120)
lines = sock.makefile("rb")
def answer():
    said = []
    while True:
        line = lines.readline().decode("utf-8", "replace").rstrip()
        said.append(line)
        if line[3:4] != "-":
            return "\\n".join(said)
def ask(text):
    sock.sendall(text.encode() + b"\\r\\n")
    return answer()
answer()
hello = ask(f"EHLO {name}")
if job.get("login"):
    ask("STARTTLS")
    # Who the server is has tests of its own.
    sock = ssl._create_unverified_context().wrap_socket(sock)
    lines = sock.makefile("rb")
    hello = ask(f"EHLO {name}")
    word = base64.b64encode(f"\\0{job['login']['user']}\\0{job['login']['password']}".encode()).decode()
    said = ask(f"AUTH PLAIN {word}")
    if said[:3] != "235":
        sys.exit(said)
talk = {"ehlo": [line[4:] for line in hello.split("\\n")[1:]], "rcpt": [], "data": ""}
talk["mail"] = ask(f"MAIL FROM:<{job['from']}>{job.get('mailWords', '')}")
if talk["mail"][0] == "2":
    talk["rcpt"] = [ask(f"RCPT TO:<{to}>{job.get('rcptWords', '')}") for to in job["to"]]
if any(said[0] == "2" for said in talk["rcpt"]) and ask("DATA")[0] == "3":
    data = re.sub(rb"(?m)^\\.", b"..", base64.b64decode(job["data"]))
    sock.sendall(data + (b"" if data.endswith(b"\\r\\n") else b"\\r\\n") + b".\\r\\n")
    talk["data"] = answer()
ask("QUIT")
print(json.dumps(talk))
`;

/** Sends a message from the peer's address, byte for byte. `device` is the name that the client gives itself. */
export async function sendRaw(server: Server, mail: RawMail, device = "mail.peer.example"): Promise<RawTalk> {
  const job = JSON.stringify({ ...mail, data: Buffer.from(mail.data).toString("base64") });
  const words = [server.hostname, String(mail.port ?? 25), device];
  const said = await server.peer.system.must(["python3", "-c", script, ...words], { input: job });
  return JSON.parse(said) as RawTalk;
}

/** As {@link sendRaw}, by a user who has logged in. */
export async function submitRaw(
  server: Server,
  localPart: string,
  mail: Omit<RawMail, "from" | "port" | "login">,
  device?: string,
): Promise<RawTalk> {
  const login = await server.login(localPart);
  return sendRaw(server, { ...mail, from: server.address(localPart), port: 587, login }, device);
}

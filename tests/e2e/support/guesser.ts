import type { Server } from "./servers";

/** A way into the host at which passwords, or patience, can be tried. */
export interface Door {
  name: string;
  port: number;
  /** Jail that counts failures here. */
  jail: string;
}

export const doors: Door[] = [
  { name: "SMTP", port: 25, jail: "postfix" },
  { name: "submission", port: 587, jail: "mailstack-login" },
  { name: "submissions", port: 465, jail: "mailstack-login" },
  { name: "IMAP", port: 993, jail: "mailstack-login" },
  { name: "POP3", port: 995, jail: "mailstack-login" },
  { name: "ManageSieve", port: 4190, jail: "mailstack-login" },
  { name: "webmail", port: 443, jail: "mailstack-login" },
];

/**
 * Fails COUNT times at PORT of HOST in one connection: other people's recipients on 25, wrong passwords elsewhere. Prints each
 * refusal. Python's own clients, since they can go on in one connection.
 */
const script = `
import base64, imaplib, poplib, re, smtplib, socket, ssl, sys, urllib.parse, urllib.request
host, port, count, user = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
anything = ssl._create_unverified_context()
options = {"timeout": 60}
def guess(what, kind):
    for _ in range(count):
        try: what()
        except kind as error: print(error)
        else: sys.exit("was let in")
if port == 993:
    session = imaplib.IMAP4_SSL(host, port, ssl_context=anything, **options)
    guess(lambda: session.login(user, "wrong"), imaplib.IMAP4.error)
    session.shutdown()
elif port == 995:
    session = poplib.POP3_SSL(host, port, context=anything, **options)
    guess(lambda: (session.user(user), session.pass_("wrong")), poplib.error_proto)
    session.close()
elif port == 443:
    domain = user.split("@")[1]
    page = f"https://webmail.{domain}/"
    # The name leads to addresses of both families; the guesses go to the one that is meant.
    resolve = socket.getaddrinfo
    socket.getaddrinfo = lambda _name, *more, **named: resolve(host, *more, **named)
    secured = urllib.request.HTTPSHandler(context=anything)
    for number in range(count):
        browser = urllib.request.build_opener(secured, urllib.request.HTTPCookieProcessor())
        # No header may put the blame on another address.
        browser.addheaders = [("X-Forwarded-For", "192.0.2.99")]
        form = browser.open(page, timeout=60).read().decode()
        token = re.search('name="_token" value="([^"]+)"', form)[1]
        names = {"_task": "login", "_action": "login", "_token": token}
        names |= {"_user": f"nobody{number}", "_pass": "wrong"}
        try: browser.open(page + "?_task=login", urllib.parse.urlencode(names).encode(), timeout=60)
        except urllib.error.HTTPError as error: print(error)
        else: sys.exit("was let in")
elif port == 4190:
    session = socket.create_connection((host, port), **options)
    lines = session.makefile("rb")
    def ask(command):
        session.sendall(command)
        while not re.match(rb"(OK|NO|BYE)\\b", line := lines.readline()):
            if not line: sys.exit("the host closed the connection")
        return line.decode().strip()
    ask(b""), ask(b"STARTTLS\\r\\n")
    session = anything.wrap_socket(session)
    lines = session.makefile("rb")
    ask(b"")
    wrong = base64.b64encode(f"\\0{user}\\0wrong".encode())
    for _ in range(count):
        said = ask(b'AUTHENTICATE "PLAIN" "' + wrong + b'"\\r\\n')
        if said.startswith("OK"): sys.exit("was let in")
        print(said)
    session.close()
elif port == 25:
    session = smtplib.SMTP(host, port, **options)
    session.ehlo()
    session.mail("friend@peer.example")
    for number in range(count):
        print(session.rcpt(f"nobody{number}@elsewhere.example"))
    session.close()
else:
    session = smtplib.SMTP_SSL(host, port, context=anything, **options) if port == 465 else smtplib.SMTP(host, port, **options)
    if port == 587: session.starttls(context=anything)
    session.ehlo()
    # One mechanism, not login(): that tries each that the server offers.
    session.user, session.password = user, "wrong"
    guess(lambda: session.auth("PLAIN", session.auth_plain), smtplib.SMTPAuthenticationError)
    session.close()
`;

const arguments_ = (server: Server, port: number, count: number, host: string) => [
  ...["python3", "-c", script, host, String(port), String(count), server.address("ceo")],
];

/** Fails so often at a door, from the peer's address, in one connection. Over IPv6 where `host` is such an address. */
export async function failFromPeer(server: Server, port: number, count: number, host = server.ipv4): Promise<string> {
  return server.peer.system.must(arguments_(server, port, count, host), { timeout: 180_000 });
}

/** As {@link failFromPeer}, from where the host was deployed. */
export async function failFromDeployer(server: Server, port: number, count: number): Promise<string> {
  const result = await server.inCloud(arguments_(server, port, count, server.ipv4));
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return result.stdout;
}

/** Whether the peer is let in at a port: `open`, or the kernel's word for why not. */
export async function knock(server: Server, port: number, host = server.ipv4): Promise<string> {
  const program = `
import socket, sys
try: socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
except OSError as error: print(type(error).__name__)
else: print("open")`;
  return (await server.peer.system.must(["python3", "-c", program, host, String(port)])).trim();
}

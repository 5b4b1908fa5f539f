import { addresses } from "../../../local-cloud/contracts";
import type { Server } from "./servers";
import { until } from "./until";

/** What a client logs in with. */
export interface Credentials {
  user: string;
  password: string;
}

/** Ports at which a password can be used. */
export const passwordPorts = [993, 995, 587, 465] as const;
export type PasswordPort = (typeof passwordPorts)[number];

/** Where a client is: where the host was deployed from; the peer, which is trusted; somebody nobody knows. */
export type Origin = "deployer" | "peer" | "stranger";

/** Arguments: host, port, address to come from; user and password on standard input. Prints `in`, or the server's refusal. */
const script = `
import imaplib, poplib, smtplib, socket, ssl, sys
host, port = sys.argv[1], int(sys.argv[2])
connect = socket.create_connection
socket.create_connection = lambda to, timeout=60, *more, **named: connect(to, timeout, (sys.argv[3], 0))
user, password = sys.stdin.read().split("\\n")[:2]
anything = ssl._create_unverified_context()
try:
    if port == 993:
        session = imaplib.IMAP4_SSL(host, port, ssl_context=anything, timeout=60)
        session.login(user, password)
        session.logout()
    elif port == 995:
        session = poplib.POP3_SSL(host, port, context=anything, timeout=60)
        session.user(user), session.pass_(password)
        session.quit()
    else:
        session = smtplib.SMTP_SSL(host, port, context=anything, timeout=60) if port == 465 else smtplib.SMTP(host, port, timeout=60)
        if port == 587: session.starttls(context=anything)
        session.ehlo()
        session.user, session.password = user, password
        session.auth("PLAIN", session.auth_plain)
        session.quit()
    print("in")
except (imaplib.IMAP4.error, poplib.error_proto, smtplib.SMTPAuthenticationError) as error:
    print("refused", error)
`;

/** Whether these let a client in at the port, as the server says it: `in`, or `refused` and its words. */
export async function logIn(
  server: Server,
  port: PasswordPort,
  { user, password }: Credentials,
  from: Origin = "deployer",
): Promise<string> {
  // By IPv4: all IPv6 addresses of this cloud are in one /64, which counts as one client.
  const source = from === "stranger" ? addresses.dns : "0.0.0.0";
  const command = ["python3", "-c", script, server.ipv4, String(port), source];
  const input = `${user}\n${password}\n`;
  if (from === "peer") return (await server.peer.system.must(command, { input })).trim();
  const result = await server.inCloud(command, input);
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return result.stdout.trim();
}

/** As {@link logIn} at every port. */
export async function logInEverywhere(server: Server, credentials: Credentials, from?: Origin): Promise<string[]> {
  // At the same time: Dovecot answers an address the more slowly the more often it has failed.
  const answers = await Promise.all(passwordPorts.map((port) => logIn(server, port, credentials, from)));
  return answers.map((answer) => answer.replace(/refused[^]*/, "refused"));
}

/** What {@link logInEverywhere} answers when all doors open, or none. */
export const allIn = passwordPorts.map(() => "in");
export const allRefused = passwordPorts.map(() => "refused");

/**
 * Arguments: host. Logs in by IMAP and SMTP, prints `ready`, waits until the IMAP session is ended by the server, and
 * then tries to send in the SMTP session.
 */
const lingering = `
import imaplib, json, smtplib, ssl, sys, time
host = sys.argv[1]
user, password = sys.stdin.readline().strip(), sys.stdin.readline().strip()
anything = ssl._create_unverified_context()
reading = imaplib.IMAP4_SSL(host, 993, ssl_context=anything, timeout=60)
reading.login(user, password)
reading.select()
sending = smtplib.SMTP_SSL(host, 465, context=anything, timeout=60)
sending.ehlo()
sending.login(user, password)
ended = "not ended"
for _ in range(300):
    time.sleep(0.1)
    try: reading.noop()
    except (imaplib.IMAP4.error, OSError): ended = "ended"
    if ended == "ended": break
sending.mail(user)
print(ended, sending.rcpt("friend@peer.example")[0])
`;

/** What becomes of running sessions, for example `ended 553`, when something is done once both are there. */
export async function duringSessions(
  server: Server,
  { user, password }: Credentials,
  act: () => Promise<unknown>,
): Promise<string> {
  const sessions = server.inCloud(["python3", "-c", lingering, server.ipv4], `${user}\n${password}\n`);
  await until("the IMAP session is there", async () =>
    (await server.system.must(["doveadm", "-f", "flow", "who", user])).includes(user),
  );
  await act();
  const result = await sessions;
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return result.stdout.trim();
}

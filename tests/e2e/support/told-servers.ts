import { execa } from "execa";

/** A server that an answer tells a mail program to use. */
export interface ToldServer {
  kind: string;
  host: string;
  port: number;
  security: string;
  user: string;
}

/** Python's own readers: other than what wrote the answers, and strict. */
const readers = {
  mozilla: `
import json, sys, xml.etree.ElementTree as tree
provider = tree.fromstring(sys.stdin.read()).find("emailProvider")
print(json.dumps([dict(kind=each.get("type"), host=each.findtext("hostname"), port=int(each.findtext("port")),
  security=each.findtext("socketType"), user=each.findtext("username"))
  for each in provider if each.tag in ("incomingServer", "outgoingServer")]))`,
  autodiscover: `
import json, sys, xml.etree.ElementTree as tree
space = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
account = tree.fromstring(sys.stdin.read()).find(f"{space}Response/{space}Account")
assert account.findtext(space + "AccountType") == "email" and account.findtext(space + "Action") == "settings"
print(json.dumps([dict(kind=each.findtext(space + "Type").lower(), host=each.findtext(space + "Server"),
  port=int(each.findtext(space + "Port")), security=each.findtext(space + "Encryption"),
  user=each.findtext(space + "LoginName")) for each in account.findall(space + "Protocol")]))`,
  apple: `
import json, plistlib, sys
profile = plistlib.loads(sys.stdin.buffer.read())
assert profile["PayloadType"] == "Configuration" and profile["PayloadVersion"] == 1
account, = profile["PayloadContent"]
assert account["PayloadType"] == "com.apple.mail.managed" and account["EmailAccountType"] == "EmailTypeIMAP"
print(json.dumps([dict(kind=kind, host=account[way + "MailServerHostName"], port=account[way + "MailServerPortNumber"],
  security="SSL" if account[way + "MailServerUseSSL"] else "none", user=account[way + "MailServerUsername"])
  for kind, way in (("imap", "Incoming"), ("smtp", "Outgoing"))]))`,
} as const;

/** The servers in an answer. @throws Error when it is not what its kind must be. */
export async function toldServers(reader: keyof typeof readers, answer: string): Promise<ToldServer[]> {
  const { stdout } = await execa("python3", ["-c", readers[reader]], { input: answer });
  return JSON.parse(stdout) as ToldServer[];
}

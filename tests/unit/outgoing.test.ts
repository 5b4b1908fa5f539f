import * as pulumi from "@pulumi/pulumi";
import { checkedPassword, relaySecret, warningsOf } from "../../components/outgoing-mail";
import { outgoingOf, relayLines } from "../../components/services/outgoing";
import { parseSettings, SettingsError } from "../../components/settings/parse";
import { recordMailServer } from "./support/mail-server";
import { stackValues } from "./support/stacks";
import { isSecret, valueOf } from "./support/recorded-program";

const relay = { relayHost: "smtp.example.com", relayUser: "mail@example.com" };
const settingsOf = (change: Record<string, unknown>) => parseSettings({ ...stackValues("prod"), ...change });

function complaints(change: Record<string, unknown>): string[] {
  try {
    settingsOf(change);
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message.split("\n");
  }
}

test("by default mail goes straight, and a large domain shows whether port 25 is open", () => {
  expect(outgoingOf(settingsOf({}))).toEqual({ probeDomain: "gmail.com", ipv6: true });
});

test.each<[number, boolean]>([
  [25, false],
  [443, true],
  [465, true],
  [587, false],
  [2465, true],
  [2525, false],
  [8465, true],
])("port %d: TLS from the first byte is %s", (relayPort, implicitTls) => {
  expect(outgoingOf(settingsOf({ ...relay, relayPort })).relay).toMatchObject({ port: relayPort, implicitTls });
});

test("all mail, or that of some domains", () => {
  expect(relayLines(settingsOf(relay))).toMatchObject({
    relayAll: "smarthost:[smtp.example.com]:2525",
    relaySenders: "",
  });
  expect(relayLines(settingsOf({ ...relay, relayDomains: ["ementech.co.ke"] }))).toMatchObject({
    relayAll: "",
    relaySenders: "regexp:/etc/postfix/relay_senders, ",
  });
});

test.each<[string, Record<string, unknown>, string]>([
  ["an address", { relayHost: "192.0.2.1" }, '"192.0.2.1" is not the name of a server in lower case'],
  ["one label", { relayHost: "localhost" }, '"localhost" is not the name of a server'],
  ["a port in the name", { relayHost: "smtp.example.com:587" }, '"smtp.example.com:587" is not the name of a server'],
  ["brackets", { relayHost: "[smtp.example.com]" }, '"[smtp.example.com]" is not the name of a server'],
  ["the host itself", { relayHost: "mail.ementech.co.ke" }, '"mail.ementech.co.ke" is this mail server itself'],
  [
    "another name of it",
    { relayHost: "webmail.ementech.co.ke" },
    '"webmail.ementech.co.ke" is this mail server itself',
  ],
  ["its own domain", { relayHost: "ementech.co.ke" }, '"ementech.co.ke" is this mail server itself'],
])("a relay that is %s is refused", (_what, change, words) => {
  const lines = complaints({ ...relay, ...change });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^mailstack:relayHost: /);
  expect(lines[0]).toContain(words);
});

test.each<[string, Record<string, unknown>, string]>([
  ["port 0", { relayPort: 0 }, "mailstack:relayPort: must be at least 1"],
  ["a port beyond", { relayPort: 65_536 }, "mailstack:relayPort: must be at most 65535"],
  ["half a port", { relayPort: 25.5 }, "mailstack:relayPort: must be a whole number"],
  [
    "no login",
    { relayUser: "" },
    "mailstack:relayUser: is missing; set it with: pulumi config set mailstack:relayUser VALUE",
  ],
  ["a login with a colon", { relayUser: "a:b" }, "mailstack:relayUser: must be a login without blanks and colons"],
  ["a login with a blank", { relayUser: "a b" }, "mailstack:relayUser: must be a login without blanks and colons"],
  ["a login of two lines", { relayUser: "a\nb" }, "mailstack:relayUser: must be a login without blanks and colons"],
  [
    "a domain of others",
    { relayDomains: ["example.org"] },
    'mailstack:relayDomains[0]: "example.org" is not one of the hosted domains (ementech.co.ke)',
  ],
  [
    "a domain twice",
    { relayDomains: ["ementech.co.ke", "ementech.co.ke"] },
    'mailstack:relayDomains[1]: "ementech.co.ke" is already relayDomains[0]',
  ],
  ["a domain as text", { relayDomains: "ementech.co.ke" }, "mailstack:relayDomains: must be a list of domains"],
  ["no domain to probe", { portProbeDomain: "Gmail" }, 'mailstack:portProbeDomain: "Gmail" is not a domain name'],
])("%s is refused in words", (_what, change, line) => {
  const lines = complaints({ ...relay, ...change });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(line);
});

test("without a relay its other keys are not looked at", () => {
  expect(complaints({ relayUser: "", relayDomains: ["example.org"] })).toEqual([]);
});

test("a password stays as it is, and is a secret", async () => {
  const secrets = relaySecret(settingsOf(relay), "a p#ss:wörd $x {y}");
  expect(Object.keys(secrets)).toEqual(["relay-password"]);
  expect(await pulumi.isSecret(secrets["relay-password"]!)).toBe(true);
  expect(await valueOf(secrets["relay-password"]!)).toBe("a p#ss:wörd $x {y}");
  expect(relaySecret(settingsOf({}), undefined)).toEqual({});
  expect(() => relaySecret(settingsOf(relay), undefined)).toThrow("the relay needs relayPassword");
});

test.each(["", " x", "x ", "a\nb", "a\rb", "a\tb", "a\u0000b"])("no table can hold the password %j", (bad) => {
  expect(() => checkedPassword(bad)).toThrow(/^mailstack:relayPassword: is empty, or has a line break/);
});

test("what the host saw is told in the up in which it looked, and in none later", () => {
  const printed = JSON.stringify({ at: 1_000, problems: ["mailstack:relayHost: x"] });
  expect(warningsOf(printed, 1_010_000)).toEqual(["mailstack:relayHost: x"]);
  expect(warningsOf(printed, 2_000_000)).toEqual([]);
  expect(warningsOf("", 1_000_000)).toEqual([]);
});

test("the password goes to the host as a secret, and a new one or another relay is tried again", async () => {
  const server = await recordMailServer(relay, { relayPassword: "password-of-the-relay" });
  const all = JSON.stringify(
    server.registrations.map(({ inputs }) =>
      Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isSecret(value))),
    ),
  );
  expect(all).not.toContain("password-of-the-relay");
  const { inputs } = server.custom("mail-outgoing");
  expect(inputs.create).toBe("/usr/local/sbin/mailstack outgoing");
  expect(JSON.parse(String(inputs.stdin))).toMatchObject({ relay: { host: "smtp.example.com" } });
  expect(inputs.triggers).toHaveLength(2);
  const without = await recordMailServer();
  expect(without.custom("mail-outgoing").inputs.triggers).toHaveLength(1);
});

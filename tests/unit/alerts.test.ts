import * as pulumi from "@pulumi/pulumi";
import { onlyLocalAlerts } from "../../components/local-alerts";
import { alertUrlKeys, alertUrlProblem } from "../../components/settings/alerts";
import { parseSettings } from "../../components/settings/parse";
import { readConfig } from "../../components/settings/stack-config";
import { servicesOf } from "../../components/services";
import { bundleOf } from "../../components/deployment/define-service";
import { goldenStack } from "../golden/stack";
import { stackConfig, tokens } from "./support/stacks";

const good = {
  domain: "example.org",
  administrator: "admin@example.org",
  users: [{ address: "admin@example.org" }],
  aliases: [{ address: "ops@example.org", destinations: ["admin@example.org"] }],
  sharedAliases: [{ name: "jobs", destinations: ["admin@example.org"] }],
  cloudflareZoneId: "0123456789abcdef0123456789abcdef",
};
const key = (name: string) => `mailstack:${name}`;
const url = "https://hooks.example/T0/secret-word";

/** What the program says to these URLs; its configuration is what it read. */
function read(urls: Record<string, string>, secret = true, more: Record<string, string> = {}) {
  const keys = Object.keys(urls).map(key);
  const config = Object.fromEntries(Object.entries(urls).map(([name, value]) => [key(name), value]));
  const hidden = [...Object.keys(tokens), ...(secret ? keys : [])];
  pulumi.runtime.setAllConfig({ ...stackConfig("prod"), ...config, ...more }, hidden);
  return readConfig();
}

test.each([
  "friend@peer.example",
  "admin@example.org",
  "ops@example.org",
  "jobs@example.org",
  "postmaster@example.org",
])("alerts go to %s", (address) => {
  expect(parseSettings({ ...good, alertMail: [address] }).alertMail).toEqual([address]);
});

test("a recipient's domain is brought into the form that SMTP uses", () => {
  expect(parseSettings({ ...good, alertMail: ["a@Bücher.example"] }).alertMail).toEqual(["a@xn--bcher-kva.example"]);
});

test.each<[string[], string]>([
  [["nobody@example.org"], 'mailstack:alertMail[0]: "nobody@example.org" is in a hosted domain but is no mailbox'],
  [["a b@peer.example"], 'mailstack:alertMail[0]: "a b@peer.example" has characters before the @'],
  [["a@peer.example", "a@peer.example"], "mailstack:alertMail: names an address twice"],
])("%p are refused", (alertMail, words) => {
  expect(() => parseSettings({ ...good, alertMail })).toThrow(words);
});

test("URLs are optional, and secrets", async () => {
  expect(read({}).alertUrls).toEqual({});
  const { alertUrls } = read({ alertSlackUrl: url });
  expect(Object.keys(alertUrls)).toEqual(["alertSlackUrl"]);
  expect(await pulumi.isSecret(alertUrls.alertSlackUrl!)).toBe(true);
});

test("one that is stored in clear or cannot be used is refused, and not repeated", () => {
  expect(() => read({ heartbeatUrl: url }, false)).toThrow("mailstack:heartbeatUrl: is stored in clear");
  for (const wrong of [url.replace("https", "http"), "secret-word", "https://secret-word example", "https://"]) {
    expect(alertUrlProblem(wrong)).toBeDefined();
    expect(() => read({ heartbeatUrl: wrong })).toThrow(/mailstack:heartbeatUrl: must (be an https:|contain)/);
    expect(() => read({ heartbeatUrl: wrong })).not.toThrow("secret-word");
  }
});

test("without alerts no URL is needed", () => {
  expect(read({ alertSlackUrl: url }, true, { "mailstack:alerts": "false" }).alertUrls).toEqual({});
});

const bundle = (change: Record<string, unknown> = {}) => {
  const stack = goldenStack("debian13", change);
  return bundleOf(
    servicesOf(stack).find(({ name }) => name === "alerts")!,
    stack,
  );
};

test("without an address the administrator gets them", () => {
  const mail = (change?: Record<string, unknown>) =>
    (JSON.parse(bundle(change).files["/etc/mailstack-alerts/settings.json"]!.content) as { mail: string[] }).mail;
  expect(mail()).toEqual(["admin@example.org"]);
  expect(mail({ alertMail: ["friend@peer.example"] })).toEqual(["friend@peer.example"]);
});

test("the host gets each URL as a secret, and none with alerts off", () => {
  const text = JSON.stringify(bundle());
  for (const file of ["webhook", "slack", "ntfy", "heartbeat"]) expect(text).toContain(`@@secret:alert-${file}-url@@`);
  expect(bundle({ alerts: false })).toEqual({ service: "alerts", files: {} });
});

test("a protected stack whose alerts all end on its own host is told so", () => {
  const stack = (change: Record<string, unknown> = {}) => parseSettings({ ...good, protect: true, ...change });
  expect(onlyLocalAlerts(stack())).toEqual([expect.stringContaining("mailstack:alertMail: every alert goes to")]);
  expect(onlyLocalAlerts(stack({ alertMail: ["ops@example.org"] }))).toHaveLength(1);
  expect(onlyLocalAlerts(stack({ alertMail: ["friend@peer.example"] }))).toEqual([]);
  expect(onlyLocalAlerts(stack({ alerts: false }))).toEqual([]);
  expect(onlyLocalAlerts(stack({ protect: false }))).toEqual([]);
  for (const one of alertUrlKeys) expect(onlyLocalAlerts(stack(), { [one]: url })).toEqual([]);
});

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

describe("text messages", () => {
  const sms = { alertSmsAccount: `AC${"0a".repeat(16)}`, alertSmsFrom: "+15005550006", alertSmsTo: ["+254712345678"] };
  const token = "0f".repeat(16);
  const plain = Object.fromEntries(
    Object.entries(sms).map(([name, value]) => [key(name), typeof value === "string" ? value : JSON.stringify(value)]),
  );

  test("need the account, the sender, a number and the token", () => {
    expect(Object.keys(read({ alertSmsToken: token }, true, plain).alertUrls)).toEqual(["alertSmsToken"]);
    expect(() => read({}, true, plain)).toThrow("mailstack:alertSmsToken: is missing");
    for (const [name, none] of Object.entries({ alertSmsAccount: "", alertSmsFrom: "", alertSmsTo: [] }))
      expect(() => parseSettings({ ...good, ...sms, [name]: none })).toThrow(`mailstack:${name}: is missing`);
    expect(() => read({ alertSmsToken: token })).toThrow("mailstack:alertSmsAccount: is missing");
  });

  test.each<[Record<string, unknown>, string]>([
    [{ alertSmsAccount: "AC12" }, "mailstack:alertSmsAccount: must be the account SID"],
    [{ alertSmsFrom: "0712345678" }, "mailstack:alertSmsFrom: must be a number like"],
    [{ alertSmsTo: ["0712345678"] }, 'mailstack:alertSmsTo[0]: "0712345678" is not a number like'],
    [{ alertSmsTo: ["+254712345678", "+254712345678"] }, "mailstack:alertSmsTo: names a number twice"],
    [{ alertSmsHost: "https://api.twilio.com" }, "mailstack:alertSmsHost: must be a host name"],
  ])("%p are refused", (change, words) => {
    expect(() => parseSettings({ ...good, ...sms, ...change })).toThrow(words);
  });

  test("a token that cannot be one is refused, and not repeated", () => {
    const wrong = `${token}-word`;
    expect(() => read({ alertSmsToken: wrong }, true, plain)).toThrow("mailstack:alertSmsToken: must be the account's");
    expect(() => read({ alertSmsToken: wrong }, true, plain)).not.toThrow(wrong);
  });

  test("the host gets all of it in files of root's, the token apart", () => {
    const { files } = bundle();
    const file = files["/etc/mailstack-alerts/sms.json"]!;
    expect(JSON.parse(file.content)).toMatchObject({ sender: "+15005550006", to: ["+254712345678", "+15005550009"] });
    expect(files["/etc/mailstack-alerts/sms-token"]).toMatchObject({ mode: "0600", owner: "root:root" });
    const none = bundle({ alertSmsAccount: "", alertSmsFrom: "", alertSmsTo: [] }).files;
    expect(none["/etc/mailstack-alerts/sms.json"]).toBeUndefined();
  });
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

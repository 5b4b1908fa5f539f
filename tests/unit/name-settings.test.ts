import { hostLabel } from "../../components/cloud/labels";
import { parseSettings, SettingsError } from "../../components/settings/parse";
import { createSchema as firewallBody } from "../../local-cloud/api/linode/firewall-request";

const zone = (digit: string) => digit.repeat(32);
const good = {
  domain: "example.org",
  administrator: "admin@example.org",
  users: [{ address: "admin@example.org" }],
  cloudflareZoneId: zone("0"),
};

function problemsOf(change: Record<string, unknown>): string {
  try {
    parseSettings({ ...good, ...change });
    return "";
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.message;
  }
}
const hosted = (name: string) => ({ domains: [{ name, cloudflareZoneId: zone("1") }] });
const many = (count: number) => ({
  domains: Array.from({ length: count }, (_, index) => ({ name: `d${index}.example`, cloudflareZoneId: zone("1") })),
});
const long = (length: number) => `${`${"a".repeat(59)}.`.repeat(5).slice(-(length - 3))}org`;

test.each<[string, Record<string, unknown>, RegExp]>([
  [
    "the webmail's name",
    { hostname: "webmail.example.org" },
    /^mailstack:hostname: "webmail.example.org" is also a name .* browsers/,
  ],
  [
    "a name for mail programs",
    { hostname: "autoconfig.example.org" },
    /^mailstack:hostname: "autoconfig.example.org" is also/,
  ],
  [
    "a hosted domain's name",
    { hostname: "mail.example.org", ...hosted("mail.example.org") },
    /^mailstack:hostname: "mail.example.org" is a host and a mail domain/,
  ],
  [
    "another zone's name",
    { hostname: "mail.sub.example.org", ...hosted("sub.example.org") },
    /^mailstack:hostname: .* is in the zone of sub.example.org/,
  ],
  [
    "a mail domain for mail programs",
    hosted("autoconfig.example.org"),
    /is also a name that the stack makes for mail programs/,
  ],
  [
    "a name longer than a certificate's",
    { hostname: `${"m".repeat(60)}.example.org` },
    /^mailstack:hostname: .* has 72 characters, and a certificate's name at most 64$/,
  ],
  [
    "a domain whose host's name is too long",
    { domain: long(62), administrator: `a@${long(62)}`, users: [{ address: `a@${long(62)}` }] },
    /^mailstack:domain: .* at most 64$/,
  ],
  [
    "a domain whose records' names are too long",
    hosted(long(240)),
    /^mailstack:domains\[0\].name: makes a record whose name has more than 253/,
  ],
  [
    "more names than a certificate holds",
    many(40),
    /^mailstack:domains: make 12[0-9] names, and a certificate holds 100 at most; use certificate dns-01 \(two names/,
  ],
  [
    "more names than a certificate by DNS holds",
    { certificate: "dns-01", ...many(50) },
    /^mailstack:domains: make 102 names, and a certificate holds 100 at most; use certificate existing, or fewer/,
  ],
  [
    "a domain that is hosted and has no mail",
    { ...hosted("example.net"), nullMx: [{ name: "example.net", cloudflareZoneId: zone("1") }] },
    /^mailstack:nullMx\[0\].name: "example.net" is already domains\[0\].name/,
  ],
  [
    "a domain without mail and without a zone",
    { nullMx: [{ name: "example.net" }] },
    /^mailstack:nullMx\[0\].cloudflareZoneId: is missing/,
  ],
])("refused in one line: %s", (_, change, line) => {
  expect(problemsOf(change)).toMatch(line);
  expect(problemsOf(change).split("\n")).toHaveLength(1);
});

test.each<[string, Record<string, unknown>]>([
  ["the webmail's name where there is no webmail", { hostname: "webmail.example.org", webmail: false }],
  [
    "punycode",
    { domain: "xn--mnchen-3ya.de", administrator: "a@xn--mnchen-3ya.de", users: [{ address: "a@xn--mnchen-3ya.de" }] },
  ],
  ["a hosted subdomain", hosted("sub.example.org")],
])("fine: %s", (_, change) => {
  expect(problemsOf(change)).toBe("");
});

test.each([
  "mail.example.org",
  "mail.xn--mnchen-3ya.de",
  "1mail.example.org",
  `mail.${"a".repeat(50)}.org`,
  "a.b--c__d.org",
])("Linode takes the label of %s", (hostname) => {
  const rules = { inbound_policy: "DROP", outbound_policy: "ACCEPT" };
  expect(() => firewallBody.parse({ label: hostLabel(hostname), rules })).not.toThrow();
});

test("labels of two hosts are two, and an ordinary name is its own label", () => {
  const [one, other] = ["a", "b"].map((end) => hostLabel(`mail.${"x".repeat(40)}${end}.org`));
  expect(one).not.toBe(other);
  expect(hostLabel("mail.example.org")).toBe("mail.example.org");
});

import { parseSettings, SettingsError } from "../../components/settings/parse";

const good = {
  domain: "example.org",
  administrator: "admin@example.org",
  users: [{ address: "admin@example.org" }, { address: "ceo@example.org", quotaMb: 500 }],
  aliases: [{ address: "sales@example.org", destinations: ["ceo@example.org", "friend@elsewhere.net"] }],
  cloudflareZoneId: "0123456789abcdef0123456789abcdef",
};

test("a minimal stack gets safe defaults", () => {
  const settings = parseSettings({
    domain: good.domain,
    administrator: good.administrator,
    users: good.users,
    cloudflareZoneId: good.cloudflareZoneId,
  });
  expect(settings).toMatchObject({
    os: "debian12",
    plan: "g6-standard-1",
    defaultQuotaMb: 2048,
    protect: true,
    dmarcPolicy: "quarantine",
  });
  expect(settings.users[0]).toEqual({ address: "admin@example.org", passwordVersion: 1 });
});

const user = (extra: object) => ({ users: [...good.users, extra] });
const alias = (...aliases: object[]) => ({ aliases });

test.each<[string, Record<string, unknown>, string]>([
  [
    "no domain",
    { domain: undefined },
    "mailstack:domain: is missing; set it with: pulumi config set mailstack:domain VALUE",
  ],
  ["bad domain", { domain: "exa mple" }, 'mailstack:domain: "exa mple" is not a domain name'],
  ["upper case", { domain: "Example.org" }, 'mailstack:domain: "Example.org" is not a domain name in lower case'],
  ["one label", { domain: "localhost" }, 'mailstack:domain: "localhost" is not a domain name'],
  [
    "host name elsewhere",
    { hostname: "mail.other.org" },
    'mailstack:hostname: "mail.other.org" must be a name below example.org',
  ],
  ["no users", { users: [] }, "mailstack:users: must name at least one mailbox"],
  ["a limit of nothing", { userRecipientsPerHour: 0 }, "mailstack:userRecipientsPerHour: must be at least 10"],
  ["learning as text", { spamAutolearn: "yes" }, "mailstack:spamAutolearn: must be true or false"],
  ["networks as text", { sshAllowedCidrs: "192.0.2.0/24" }, "mailstack:sshAllowedCidrs: must be a list"],
  ["a number as domain", { domain: 5 }, "mailstack:domain: must be text"],
  ["a number as host name", { hostname: 5 }, "mailstack:hostname: must be empty or a domain name"],
  ["a user as text", { users: ["ceo@example.org"] }, "mailstack:users[0]: must be a set of fields"],
  [
    "an entry without its name",
    { domains: [{ cloudflareZoneId: good.cloudflareZoneId }] },
    "mailstack:domains[0].name: is missing",
  ],
  ["users as text", { users: "ceo" }, "mailstack:users: must be a list of {address"],
  [
    "user outside the domain",
    user({ address: "bob@other.org" }),
    'mailstack:users[2].address: "bob@other.org" is outside the hosted domains (example.org)',
  ],
  ["address without @", user({ address: "bob" }), 'mailstack:users[2].address: "bob" is not a mail address'],
  ["address with +", user({ address: "bob+x@example.org" }), "mailstack:users[2].address"],
  [
    "duplicate user",
    user({ address: "ceo@example.org" }),
    'mailstack:users[2].address: "ceo@example.org" is already users[1].address',
  ],
  [
    "alias equal to a user",
    alias({ address: "ceo@example.org", destinations: ["admin@example.org"] }),
    'mailstack:aliases[0].address: "ceo@example.org" is already users[1].address',
  ],
  [
    "unknown field of a user",
    user({ address: "bob@example.org", quota: 5 }),
    "mailstack:users[2].quota: is not a known field",
  ],
  [
    "quota too small",
    user({ address: "bob@example.org", quotaMb: 1 }),
    "mailstack:users[2].quotaMb: must be at least 10 MiB",
  ],
  [
    "quota as text",
    user({ address: "bob@example.org", quotaMb: "2G" }),
    "mailstack:users[2].quotaMb: must be a whole number of MiB",
  ],
  [
    "password version 0",
    user({ address: "bob@example.org", passwordVersion: 0 }),
    "mailstack:users[2].passwordVersion: must be 1 or more",
  ],
  [
    "alias loop",
    alias(
      { address: "a@example.org", destinations: ["b@example.org"] },
      { address: "b@example.org", destinations: ["a@example.org"] },
    ),
    "mailstack:aliases[0]: is a loop: a@example.org -> b@example.org -> a@example.org",
  ],
  [
    "alias to nobody",
    alias({ address: "a@example.org", destinations: ["nobody@example.org"] }),
    'mailstack:aliases[0].destinations[0]: "nobody@example.org" is in a hosted domain but is no mailbox',
  ],
  [
    "alias to nothing",
    alias({ address: "a@example.org", destinations: [] }),
    "mailstack:aliases[0].destinations: must name at least one address",
  ],
  [
    "administrator is no user",
    { administrator: "root@example.org" },
    'mailstack:administrator: "root@example.org" must be one of mailstack:users',
  ],
  ["unknown key", { domian: "example.org" }, "mailstack:domian: is not a known key; the keys are domain, hostname"],
  ["unknown region", { region: "moon-1" }, 'mailstack:region: "moon-1" is unknown; use one of ap-northeast'],
  [
    "plan too small",
    { plan: "g6-nanode-1" },
    'mailstack:plan: "g6-nanode-1" does not carry the stack; use one of g6-standard-1',
  ],
  ["unknown system", { os: "windows" }, 'mailstack:os: "windows" is unknown; use one of debian12, debian13'],
  ["bad zone", { cloudflareZoneId: "example.org" }, "mailstack:cloudflareZoneId: must be Cloudflare's zone ID"],
  ["bad provider", { dnsProvider: "route53" }, 'mailstack:dnsProvider: "route53" is unknown; use one of cloudflare'],
  [
    "no zone at Linode",
    { dnsProvider: "linode" },
    "mailstack:linodeDomainId: is missing; set it with: pulumi config set mailstack:linodeDomainId VALUE",
  ],
  [
    "a further domain without its zone",
    { domains: [{ name: "example.net" }] },
    "mailstack:domains[0].cloudflareZoneId: is missing",
  ],
  [
    "bad policy",
    { dmarcPolicy: "block" },
    'mailstack:dmarcPolicy: "block" is unknown; use one of none, quarantine, reject',
  ],
  ["bad selector", { dkimSelector: "a.b" }, "mailstack:dkimSelector: must be one DNS label"],
  ["ACME without TLS", { acmeDirectory: "http://ca.example" }, "mailstack:acmeDirectory: must be an https URL"],
  ["bad network", { sshAllowedCidrs: ["192.0.2.1"] }, 'mailstack:sshAllowedCidrs[0]: "192.0.2.1" is not a network'],
  ["no way in over IPv4", { sshAllowedCidrs: ["2001:db8::/32"] }, "mailstack:sshAllowedCidrs: must also name an IPv4"],
  ["half an IPv6", { ipv6: "often" }, "mailstack:ipv6: must be true or false"],
  [
    "DANE at Linode",
    { dane: true, dnsProvider: "linode", linodeDomainId: 1 },
    "mailstack:dane: must be false with mailstack:dnsProvider linode",
  ],
  ["bad trusted network", { trustedCidrs: ["office"] }, 'mailstack:trustedCidrs[0]: "office" is not a network'],
  ["banned at once", { banAfterFailures: 1 }, "mailstack:banAfterFailures: must be at least 2"],
  ["ban without an end", { banMinutes: 100_000 }, "mailstack:banMinutes: must be at most 10080 minutes"],
  ["negative swap", { swapMb: -1 }, "mailstack:swapMb: must not be negative"],
  [
    "domain named twice",
    { domains: [{ name: "example.org", cloudflareZoneId: good.cloudflareZoneId }] },
    'mailstack:domains[0].name: "example.org" is already domain',
  ],
  [
    "an unknown way to a certificate",
    { certificate: "dns" },
    'mailstack:certificate: "dns" is unknown; use one of http-01, dns-01, existing',
  ],
  [
    "a certificate by DNS without a provider",
    { certificate: "dns-01", dnsProvider: "none" },
    'mailstack:certificate: "dns-01" needs dnsProvider cloudflare or linode; use http-01 or existing',
  ],
  [
    "a certificate by Linode's DNS where there is no package",
    { certificate: "dns-01", dnsProvider: "linode", linodeDomainId: 1, os: "debian13" },
    'mailstack:certificate: "dns-01" with dnsProvider linode does not work on debian13, which has no package for it',
  ],
  [
    "an existing certificate without its key",
    { certificate: "existing", certificateFile: "/root/tls/fullchain.pem" },
    "mailstack:certificateKeyFile: is missing; with certificate existing it is the path of a PEM file on the host",
  ],
  [
    "a path that is none",
    { certificateFile: "tls/fullchain.pem" },
    'mailstack:certificateFile: "tls/fullchain.pem" is not a plain absolute path on the host',
  ],
  ["a path with a quote", { certificateFile: "/root/it's.pem" }, "mailstack:certificateFile: "],
  ["a path upwards", { certificateKeyFile: "/root/../x" }, 'mailstack:certificateKeyFile: "/root/../x" is not'],
  ["an unknown MTA-STS mode", { mtaSts: "on" }, 'mailstack:mtaSts: "on" is unknown; use one of none, testing, enforce'],
  [
    "autoconfiguration that is neither",
    { autoconfiguration: "yes" },
    "mailstack:autoconfiguration: must be true or false",
  ],
])("%s is one line that names the key", (_name, change, line) => {
  const values = Object.fromEntries(Object.entries({ ...good, ...change }).filter(([, value]) => value !== undefined));
  let message = "";
  try {
    parseSettings(values);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    message = error.message;
  }
  expect(message.split("\n").filter((text) => text.startsWith(line))).toHaveLength(1);
});

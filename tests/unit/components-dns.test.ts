import { mtaStsRecord } from "../../components/services/mta-sts";
import { dkimValue, ipv4, ipv6, servedKey } from "./support/fake-cloud";
import { recordMailServer, type RecordedServer } from "./support/mail-server";
import { zoneId } from "./support/stacks";

const secondZone = "fedcba9876543210fedcba9876543210";
let server: RecordedServer;
beforeAll(async () => {
  server = await recordMailServer({ domains: [{ name: "example.net", cloudflareZoneId: secondZone }] });
});

const recordsOf = ({ registrations }: RecordedServer) =>
  registrations.filter((each) => each.type === "cloudflare:index/dnsRecord:DnsRecord");
const inputsOf = (zone: string) =>
  Object.fromEntries(
    recordsOf(server)
      .filter((each) => each.inputs.zoneId === zone)
      .map((each) => [each.name, each.inputs]),
  );

/** As long text must be: strings of at most 255 characters, each quoted. */
function inPieces(text: string): string {
  return `"${text.slice(0, 255)}" "${text.slice(255)}"`;
}

/** The records that each domain has. */
function domainRecords(prefix: string, zone: string, domain: string): Record<string, object> {
  const common = { zoneId: zone, ttl: 1, proxied: false };
  const host = "mail.ementech.co.ke";
  const text = (name: string, content: string) => ({ ...common, type: "TXT", name, content });
  const service = (name: string, priority: number, weight: number, port: number, target: string) => ({
    ...common,
    type: "SRV",
    name: `${name}.${domain}`,
    priority,
    data: { priority, weight, port, target },
  });
  return {
    [`${prefix}-mx`]: { ...common, type: "MX", name: domain, content: host, priority: 10 },
    [`${prefix}-spf`]: text(domain, '"v=spf1 mx -all"'),
    [`${prefix}-dkim`]: text(`ementech1._domainkey.${domain}`, inPieces(dkimValue(domain))),
    [`${prefix}-dmarc`]: text(`_dmarc.${domain}`, expect.stringMatching(dmarc(domain)) as string),
    [`${prefix}-tls-rpt`]: text(`_smtp._tls.${domain}`, `"v=TLSRPTv1; rua=mailto:tls-rpt@${domain}"`),
    [`${prefix}-mta-sts-id`]: text(`_mta-sts.${domain}`, `"${mtaStsRecord("testing", [host])}"`),
    [`${prefix}-autodiscover-srv`]: service("_autodiscover._tcp", 0, 1, 443, `autodiscover.${domain}`),
    [`${prefix}-submissions`]: service("_submissions._tcp", 0, 1, 465, host),
    [`${prefix}-submission`]: service("_submission._tcp", 10, 1, 587, host),
    [`${prefix}-imaps`]: service("_imaps._tcp", 0, 1, 993, host),
    [`${prefix}-pop3s`]: service("_pop3s._tcp", 10, 1, 995, host),
    [`${prefix}-imap`]: service("_imap._tcp", 0, 0, 0, "."),
    [`${prefix}-pop3`]: service("_pop3._tcp", 0, 0, 0, "."),
  };
}

/** The aliases of the host's name that each domain has. */
function aliases(prefix: string, zone: string, domain: string): Record<string, object> {
  const alias = { zoneId: zone, ttl: 1, proxied: false, type: "CNAME", content: "mail.ementech.co.ke" };
  const keys = ["autoconfig", "autodiscover", "mta-sts"];
  return Object.fromEntries(keys.map((key) => [`${prefix}-${key}`, { ...alias, name: `${key}.${domain}` }]));
}

const dmarc = (domain: string) => new RegExp(`^"v=DMARC1; p=reject; aspf=s; rua=mailto:dmarc@${domain}"$`);

test("the main domain's zone, record by record", () => {
  const common = { zoneId, name: "mail.ementech.co.ke", ttl: 1, proxied: false };
  const webmail = { ...common, name: "webmail.ementech.co.ke" };
  const authority = { type: "CAA", data: { flags: 0, tag: "issue", value: "letsencrypt.org" } };
  expect(inputsOf(zoneId)).toEqual({
    "mail-address-host-a": { ...common, type: "A", content: ipv4 },
    "mail-address-host-aaaa": { ...common, type: "AAAA", content: ipv6 },
    "mail-address-host-caa": { ...common, ...authority },
    "mail-address-webmail-a": { ...webmail, type: "A", content: ipv4 },
    "mail-address-webmail-aaaa": { ...webmail, type: "AAAA", content: ipv6 },
    "mail-address-webmail-caa": { ...webmail, ...authority },
    "mail-dns-host-spf": { ...common, type: "TXT", content: '"v=spf1 a -all"' },
    ...aliases("mail-address", zoneId, "ementech.co.ke"),
    ...domainRecords("mail-dns", zoneId, "ementech.co.ke"),
  });
});

test("a further domain has its records in its own zone", () => {
  expect(inputsOf(secondZone)).toEqual({
    ...aliases("mail-address-example.net", secondZone, "example.net"),
    ...domainRecords("mail-dns-example.net", secondZone, "example.net"),
  });
});

test("a further domain leaves all that is there as it is, but for the services that must know it", async () => {
  const before = await recordMailServer();
  const now = new Map(server.registrations.map((each) => [each.urn, each]));
  const changed = before.registrations.filter((each) => {
    const same = now.get(each.urn);
    return JSON.stringify(same?.inputs) !== JSON.stringify(each.inputs);
  });
  expect(changed.map((each) => each.name).sort()).toEqual([
    "mail-accounts",
    "mail-autoconfig",
    "mail-certificate",
    "mail-dkim",
    "mail-mta-sts",
    "mail-nginx",
    "mail-published",
    "mail-rspamd",
    "mail-senders",
  ]);
});

test("a record that is made anew is there before its predecessor goes, and what names another comes last", () => {
  expect(recordsOf(server).filter((each) => each.deleteBeforeReplace)).toEqual([]);
  for (const [later, earlier] of [
    ["mail-address-autoconfig", "mail-address-host-a"],
    ["mail-address-example.net-autoconfig", "mail-address-host-a"],
    ["mail-dns-mx", "mail-dns-dkim"],
    ["mail-dns-mx", "mail-dns-mta-sts-id"],
  ] as const)
    expect([later, server.waitsFor(server.custom(later), server.custom(earlier))]).toEqual([later, true]);
});

test("the policy of the stack file is the one in the zone", async () => {
  const strict = await recordMailServer({ dmarcPolicy: "none" });
  expect(strict.custom("mail-dns-dmarc").inputs.content).toBe(
    '"v=DMARC1; p=none; aspf=s; rua=mailto:dmarc@ementech.co.ke"',
  );
});

test("with mailstack:dane the zone names the key of port 25, as the host told it, and last of all", async () => {
  const dane = await recordMailServer({ dane: true });
  const tlsa = dane.custom("mail-dns-host-tlsa");
  const data = { usage: 3, selector: 1, matchingType: 1, certificate: servedKey };
  const common = { zoneId, ttl: 1, proxied: false };
  expect(tlsa.inputs).toEqual({ ...common, name: "_25._tcp.mail.ementech.co.ke", type: "TLSA", data });
  expect(dane.waitsFor(tlsa, dane.custom("mail-health"))).toBe(true);
});

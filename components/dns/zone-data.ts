import type * as pulumi from "@pulumi/pulumi";
import { sievePort } from "../services/dovecot";
import { mtaStsRecord } from "../services/mta-sts";
import type { FirstNames } from "../history/history";
import type { WebName } from "../settings/web-names";

/** What only the running host can tell. */
export interface HostFacts {
  ipv4: string;
  /** Ignored when `ipv6` is false. */
  ipv6: string;
  /** DKIM TXT value per domain, `v=DKIM1; k=rsa; p=...`, one string however long. */
  dkim: Readonly<Record<string, string>>;
  /** The same of the keys that do not sign, by domain and selector. */
  otherKeys?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** SHA-256 of the served TLS key, hexadecimal. Ignored when `dane` is false. */
  servedKey?: string;
}

/** What a mail domain's records are made from. */
export interface MailDomainSettings {
  /** The mail domain of these records. */
  domain: string;
  /** The stack's main domain, whose zone also holds the host's own records. */
  mainDomain: string;
  /** Fully qualified name of the mail host. */
  hostname: string;
  /** Names in this zone that lead to the host and are in its certificate. */
  webNames?: WebName[];
  /** Whether the host is reached over IPv6. */
  ipv6: boolean;
  /** What mail servers should do when TLS fails (RFC 8461). Without it, or with `none`, there is no such record. */
  mtaSts?: "none" | "testing" | "enforce";
  /** Whether mail programs reach ManageSieve. */
  manageSieve?: boolean;
  /** Whether the zone says which key port 25 has; for signed zones only. */
  dane?: boolean;
  dkimSelector: string;
  /** Selectors of keys that are published and do not sign. */
  dkimOtherSelectors?: string[];
  /** For a preview: TXT values of these that the host will tell again, by selector. */
  presumedKeys?: Record<string, string>;
  /** Names of the host in this zone from before, still published with its addresses. */
  formerHostnames?: string[];
  /** All names of the host from before: senders may still know them as the domain's MX. */
  formerExchangers?: string[];
  /** TXT values of keys from before, by selector: mail that is signed with them is still on its way. */
  formerKeys?: Record<string, string>;
  /** Of the first `up`: what the names of resources are made from. Without it the present names count. */
  first?: Pick<FirstNames, "hostname" | "selector">;
  /** Name of the backup MX. */
  backupExchanger?: string;
  /** Names of the present backup MX and of those before it: senders may still know them. */
  backupExchangers?: string[];
  /** Domains whose SPF records count for this domain's mail too: other services that send for it. */
  spfIncludes?: string[];
  /** RFC 9989, section 4.7: `none`, `quarantine` or `reject`. */
  dmarcPolicy: string;
  /** Directory of the certificate authority, which CAA names where it is known. Without it there is no CAA record. */
  acmeDirectory?: string;
}

/** Time to live of every record, in seconds, also Cloudflare's automatic one; long enough for caches, short enough to correct a mistake. */
export const recordTtl = 300;

/** One record of the zone. */
export interface MailRecord {
  /** Stable name of the resource. */
  key: string;
  /** Fully qualified, lower case, no last dot. */
  name: string;
  type: "A" | "AAAA" | "CNAME" | "MX" | "TXT" | "SRV" | "CAA" | "TLSA";
  /**
   * `address`: the host's name, needed before the certificate. `mail`: what sends the world's mail here; made last,
   * when the host answers.
   */
  stage: "address" | "mail";
  /**
   * Text of a TXT record, address, digest of a TLSA record, or host name of a CNAME or MX; a function where only the
   * running host can tell.
   */
  content?: string | ((facts: HostFacts) => string);
  /** MX preference. */
  priority?: number;
  /** SRV data (RFC 2782). */
  service?: { priority: number; weight: number; port: number; target: string };
  /** CAA data (RFC 8659). */
  authority?: { tag: "issue"; value: string };
  /** The rest of TLSA data (RFC 6698). */
  association?: { usage: 3; selector: 1; matchingType: 1 };
}

/** Names of authorities in CAA records, by their directory's host; each is in the authority's own documents. */
const authorities: Readonly<Record<string, string>> = { "acme-v02.api.letsencrypt.org": "letsencrypt.org" };

/** RFC 2782: a target of "." says that the service is decidedly not offered. */
const notOffered = { priority: 0, weight: 0, port: 0, target: "." };

/** Linode's DNS manager has no SRV record that says "not offered"; docs/decisions/linode-dns.md. */
export function linodeHolds(record: MailRecord): boolean {
  return record.service?.target !== notOffered.target;
}

/**
 * Every record that a mail domain needs, in a fixed order. Pure.
 * Deviations from the specification: docs/decisions/dns-records.md.
 */
export function mailRecords(settings: MailDomainSettings): MailRecord[] {
  const { domain, hostname, webNames = [], formerHostnames = [], formerKeys = {}, spfIncludes = [] } = settings;
  const { first = { hostname, selector: settings.dkimSelector } } = settings;
  const hostKey = (name: string) => (name === first.hostname ? "host" : `host-${name}`);
  const dkim = (selector: string, content: MailRecord["content"]) =>
    text(selector === first.selector ? "dkim" : `dkim-${selector}`, at(`${selector}._domainkey`), content);
  const at = (name: string) => `${name}.${domain}`;
  const text = (key: string, name: string, content: MailRecord["content"]): MailRecord => ({
    key,
    name,
    type: "TXT",
    stage: "mail",
    content,
  });
  const service = (key: string, name: string, data: MailRecord["service"]): MailRecord => ({
    key,
    name: at(name),
    type: "SRV",
    stage: "mail",
    service: data,
  });
  const records: MailRecord[] = [
    { key: "mx", name: domain, type: "MX", stage: "mail", priority: 10, content: hostname },
    ...exchangerOf(settings),
    text("spf", domain, ["v=spf1 mx", ...spfIncludes.map((name) => `include:${name}`), "-all"].join(" ")),
    // In an order of their own: when two keys change places, no record moves.
    ...[settings.dkimSelector, ...(settings.dkimOtherSelectors ?? [])].sort().map((selector) => {
      const told = (facts: HostFacts) => keyOf(facts, domain, selector, settings.dkimSelector) ?? missingKey(domain);
      return dkim(selector, settings.presumedKeys?.[selector] ?? told);
    }),
    ...Object.entries(formerKeys).map(([selector, value]) => dkim(selector, value)),
    // SPF of the host's own name proves nothing about the domain (`aspf=s`): what is sent on for strangers leaves with it.
    text("dmarc", at("_dmarc"), `v=DMARC1; p=${settings.dmarcPolicy}; aspf=s; rua=mailto:dmarc@${domain}`),
    // RFC 8460, section 3: where senders report that TLS failed; the administrator reads this address.
    text("tls-rpt", at("_smtp._tls"), `v=TLSRPTv1; rua=mailto:tls-rpt@${domain}`),
    ...(settings.mtaSts && settings.mtaSts !== "none"
      ? [
          text(
            "mta-sts-id",
            at("_mta-sts"),
            mtaStsRecord(settings.mtaSts, [
              hostname,
              ...(settings.formerExchangers ?? []),
              ...(settings.backupExchangers ?? []),
            ]),
          ),
        ]
      : []),
    // RFC 8314, section 5.1: implicit TLS is preferred, so submissions comes before submission.
    service("submissions", "_submissions._tcp", { priority: 0, weight: 1, port: 465, target: hostname }),
    service("submission", "_submission._tcp", { priority: 10, weight: 1, port: 587, target: hostname }),
    service("imaps", "_imaps._tcp", { priority: 0, weight: 1, port: 993, target: hostname }),
    service("pop3s", "_pop3s._tcp", { priority: 10, weight: 1, port: 995, target: hostname }),
    // RFC 5804, section 1.8.
    ...(settings.manageSieve
      ? [service("sieve", "_sieve._tcp", { priority: 0, weight: 1, port: sievePort.port, target: hostname })]
      : []),
    // For Outlook, where the name itself cannot be asked.
    ...webNames
      .filter(({ key }) => key === "autodiscover")
      .map(({ name }) =>
        service("autodiscover-srv", "_autodiscover._tcp", { priority: 0, weight: 1, port: 443, target: name }),
      ),
    service("imap", "_imap._tcp", notOffered),
    service("pop3", "_pop3._tcp", notOffered),
  ];
  const addresses = (web: WebName): MailRecord[] =>
    web.alias
      ? [{ key: web.key, name: web.name, type: "CNAME", stage: "address", content: hostname }]
      : addressRecords(web, settings);
  const former = formerHostnames.flatMap((name) => addresses({ key: hostKey(name), name }));
  const webAddresses = webNames.flatMap(addresses);
  if (domain !== settings.mainDomain) return [...former, ...webAddresses, ...records];
  return [
    ...addresses({ key: hostKey(hostname), name: hostname }),
    ...former,
    ...webAddresses,
    ...ownRecords(hostKey(hostname), hostname, settings.dane),
    ...records,
  ];
}

/** Records of a host that is no mail domain's primary: its name, and what others check about it. */
export function hostRecords(
  hostname: string,
  settings: Pick<MailDomainSettings, "acmeDirectory" | "ipv6" | "dane">,
): MailRecord[] {
  return [...addressRecords({ key: "host", name: hostname }, settings), ...ownRecords("host", hostname, settings.dane)];
}

function ownRecords(key: string, hostname: string, dane: boolean | undefined): MailRecord[] {
  return [
    // The host's bounces have an empty sender, so SPF is checked for its HELO name (RFC 7208, section 2.4).
    { key: `${key}-spf`, name: hostname, type: "TXT", stage: "mail", content: "v=spf1 a -all" },
    ...(dane ? [tlsa(`${key}-tlsa`, hostname)] : []),
  ];
}

/** Where mail goes while the host does not answer. */
function exchangerOf({ domain: name, backupExchanger }: MailDomainSettings): MailRecord[] {
  if (!backupExchanger) return [];
  return [{ key: "mx-backup", name, type: "MX", stage: "mail", priority: 20, content: backupExchanger }];
}

/** What a name in the certificate needs before that is issued. Other names of the zone may use another authority. */
function addressRecords(
  { key, name }: WebName,
  { acmeDirectory, ipv6 }: Pick<MailDomainSettings, "acmeDirectory" | "ipv6">,
): MailRecord[] {
  const value = acmeDirectory && authorities[new URL(acmeDirectory).hostname];
  const of = (type: "A" | "AAAA", content: MailRecord["content"]): MailRecord => ({
    key: `${key}-${type.toLowerCase()}`,
    name,
    type,
    stage: "address",
    content,
  });
  const caa: MailRecord[] = value
    ? [{ key: `${key}-caa`, name, type: "CAA", stage: "address", authority: { tag: "issue", value } }]
    : [];
  return [
    ...caa,
    of("A", (facts) => facts.ipv4),
    ...(ipv6 ? [of("AAAA", (facts) => facts.ipv6 || missingIpv6())] : []),
  ];
}

function missingIpv6(): never {
  throw new Error("the host has no IPv6 address; run: pulumi config set mailstack:ipv6 false");
}

/** The key itself (RFC 7672, section 3.1.1): names, dates and authorities of the certificate do not count. */
function tlsa(key: string, hostname: string): MailRecord {
  return {
    key,
    name: `_25._tcp.${hostname}`,
    type: "TLSA",
    stage: "mail",
    association: { usage: 3, selector: 1, matchingType: 1 },
    content: ({ servedKey }) => servedKey || missingServedKey(),
  };
}

function missingServedKey(): never {
  throw new Error("the host returned no digest of its key; run: mailstack apply certificate");
}

/** Whether mail or programs follow this record to another name, which must be there first. */
export function namesAnother({ type }: MailRecord): boolean {
  return type === "CNAME" || type === "MX";
}

/** The records in the order in which they are made. */
export function namingLast(records: MailRecord[]): MailRecord[] {
  return [...records.filter((record) => !namesAnother(record)), ...records.filter(namesAnother)];
}

/** Text of a record whose value is one text; what does not depend on the host is known in every preview. */
export function contentOf({ content = "" }: MailRecord, facts: pulumi.Output<HostFacts>): pulumi.Input<string> {
  return typeof content === "string" ? content : facts.apply(content);
}

/** Records of a domain that neither sends nor receives mail (RFC 7505; RFC 7208, section 10.1.2). */
export function nullRecords(domain: string): MailRecord[] {
  const text = (key: string, name: string, content: string): MailRecord => ({
    key,
    name,
    type: "TXT",
    stage: "mail",
    content,
  });
  return [
    { key: "mx", name: domain, type: "MX", stage: "mail", priority: 0, content: "." },
    text("spf", domain, "v=spf1 -all"),
    text("dmarc", `_dmarc.${domain}`, "v=DMARC1; p=reject"),
  ];
}

/** TXT content as RFC 1035 wants it: quoted strings of at most 255 octets. */
export function quoteText(text: string): string {
  const chunks = text.match(/[^]{1,255}/g) ?? [""];
  return chunks.map((chunk) => `"${chunk.replace(/([\\"])/g, "\\$1")}"`).join(" ");
}

function keyOf(facts: HostFacts, domain: string, selector: string, signing: string): string | undefined {
  return selector === signing ? facts.dkim[domain] : facts.otherKeys?.[domain]?.[selector];
}

function missingKey(domain: string): never {
  throw new Error(`the host returned no DKIM key for ${domain}; run: mailstack apply rspamd`);
}

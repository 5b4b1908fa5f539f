/** What only the running host can tell. */
export interface HostFacts {
  ipv4: string;
  /** DKIM TXT value per domain, `v=DKIM1; k=rsa; p=...`, one string however long. */
  dkim: Readonly<Record<string, string>>;
}

/** What a mail domain's records are made from. */
export interface MailDomainSettings {
  /** The mail domain of these records. */
  domain: string;
  /** The stack's main domain, whose zone also holds the host's own records. */
  mainDomain: string;
  /** Fully qualified name of the mail host. */
  hostname: string;
  dkimSelector: string;
  /** RFC 9989, section 4.7: `none`, `quarantine` or `reject`. */
  dmarcPolicy: string;
}

/** One record of the zone. */
export interface MailRecord {
  /** Stable name of the resource. */
  key: string;
  /** Fully qualified, lower case, no last dot. */
  name: string;
  type: "A" | "AAAA" | "MX" | "TXT" | "SRV";
  /**
   * `address`: the host's name, needed before the certificate. `mail`: what sends the world's mail here; made last,
   * when the host answers.
   */
  stage: "address" | "mail";
  /** Text of a TXT record, address, or host name of an MX; a function where only the running host can tell. */
  content?: string | ((facts: HostFacts) => string);
  /** MX preference. */
  priority?: number;
  /** SRV data (RFC 2782). */
  service?: { priority: number; weight: number; port: number; target: string };
}

/** RFC 2782: a target of "." says that the service is decidedly not offered. */
const notOffered = { priority: 0, weight: 0, port: 0, target: "." };

/**
 * Every record that a mail domain needs, in a fixed order. Pure.
 * Deviations from the specification: docs/decisions/dns-records.md.
 */
export function mailRecords(settings: MailDomainSettings): MailRecord[] {
  const { domain, hostname } = settings;
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
    text("spf", domain, "v=spf1 mx -all"),
    text("dkim", at(`${settings.dkimSelector}._domainkey`), (facts) => facts.dkim[domain] ?? missingKey(domain)),
    text("dmarc", at("_dmarc"), `v=DMARC1; p=${settings.dmarcPolicy}; rua=mailto:dmarc@${domain}`),
    // RFC 8314, section 5.1: implicit TLS is preferred, so submissions comes before submission.
    service("submissions", "_submissions._tcp", { priority: 0, weight: 1, port: 465, target: hostname }),
    service("submission", "_submission._tcp", { priority: 10, weight: 1, port: 587, target: hostname }),
    service("imaps", "_imaps._tcp", { priority: 0, weight: 1, port: 993, target: hostname }),
    service("pop3s", "_pop3s._tcp", { priority: 10, weight: 1, port: 995, target: hostname }),
    service("imap", "_imap._tcp", notOffered),
    service("pop3", "_pop3._tcp", notOffered),
  ];
  if (domain !== settings.mainDomain) return records;
  return [
    { key: "host-a", name: hostname, type: "A", stage: "address", content: (facts) => facts.ipv4 },
    // The host's bounces have an empty sender, so SPF is checked for its HELO name (RFC 7208, section 2.4).
    text("host-spf", hostname, "v=spf1 a -all"),
    ...records,
  ];
}

/** TXT content as RFC 1035 wants it: quoted strings of at most 255 octets. */
export function quoteText(text: string): string {
  const chunks = text.match(/[^]{1,255}/g) ?? [""];
  return chunks.map((chunk) => `"${chunk.replace(/([\\"])/g, "\\$1")}"`).join(" ");
}

function missingKey(domain: string): never {
  throw new Error(`the host returned no DKIM key for ${domain}; run: mailstack apply rspamd`);
}

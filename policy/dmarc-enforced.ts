import { isProduction, type Looked, type Rule } from "./rule";

/** Name and text of a TXT record, each provider's way. */
function textRecord({ type, props }: Looked): [name: unknown, text: unknown] | undefined {
  if (type === "cloudflare:index/dnsRecord:DnsRecord" && props.type === "TXT") return [props.name, props.content];
  if (type === "linode:index/domainRecord:DomainRecord" && props.recordType === "TXT")
    return [props.name, props.target];
  return undefined;
}

/** The policies of a DMARC record (RFC 7489, section 6.3): for the domain, and for names below it. */
function policiesOf(text: string): string[] {
  const tags = text.replaceAll('"', "").split(";");
  return tags.flatMap((tag) => /^\s*s?p\s*=\s*(\S+)\s*$/i.exec(tag)?.[1]?.toLowerCase() ?? []);
}

export const dmarcEnforced: Rule = {
  name: "dmarc-enforced",
  description: "Production's domains ask receivers to act on forged mail: quarantine or reject, never none.",
  check: (resource) => {
    const [name, text] = textRecord(resource) ?? [];
    if (!isProduction(resource) || !/^_dmarc(\.|$)/i.test(String(name))) return [];
    const policies = policiesOf(String(text));
    const weak = policies.length === 0 || policies.some((policy) => !["quarantine", "reject"].includes(policy));
    return weak ? [`${resource.name} is "${String(text)}"; set mailstack:dmarcPolicy to quarantine or reject`] : [];
  },
};

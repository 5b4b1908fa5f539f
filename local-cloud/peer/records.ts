import { RecordSet } from "../contracts";
import { defaultPeer, PeerIdentity } from "./identity";

const ttl = 300;

/** Of no key. */
const wrongDigest = "0".repeat(64);

/** Further domains of a peer's mailboxes, each with something of its own in the DNS. */
export const strangers = {
  /** Its mail host has a TLSA record of another key. */
  wrongKey: (domain: string) => `wrong-key.${domain}`,
  /** Its mail host has an IPv6 address alone. */
  onlyIpv6: (domain: string) => `only-ipv6.${domain}`,
  unsigned: (domain: string) => `unsigned.${domain}`,
};

/** A TXT value in presentation form; one string holds at most 255 bytes (RFC 1035 3.3). */
export function txt(value: string): string {
  const strings = value.match(/.{1,255}/gs) ?? [""];
  return strings.map((part) => `"${part.replace(/(["\\])/g, "\\$1")}"`).join(" ");
}

/** What a peer's records say about its keys. */
export interface PeerKeys {
  /** Base64 of the SubjectPublicKeyInfo of the DKIM key, as in the `p=` tag. */
  dkim: string;
  /** SHA-256 of the SubjectPublicKeyInfo of the served TLS key, hexadecimal. */
  tls: string;
}

/** All DNS records of a peer's zone, strict on purpose: a mistake in judging or sending shows as a failed verdict. */
export function peerRecords(keys: PeerKeys, identity: PeerIdentity = defaultPeer): RecordSet[] {
  const { domain, hostname, selector, address, address6 } = identity;
  const set = (name: string, type: string, content: string): RecordSet => ({
    name,
    type,
    ttl,
    contents: [content],
  });
  const tlsa = (host: string, digest: string) => set(`_25._tcp.${host}`, "TLSA", `3 1 1 ${digest}`);
  const strange = `mail-${strangers.wrongKey(domain)}`;
  const onlyNew = `mail-${strangers.onlyIpv6(domain)}`;
  return [
    set(hostname, "A", address),
    ...(address6 ? [set(hostname, "AAAA", address6)] : []),
    tlsa(hostname, keys.tls),
    set(domain, "MX", `10 ${hostname}.`),
    set(domain, "TXT", txt("v=spf1 mx -all")),
    // For mail with an empty sender (bounces), which is judged by its HELO name.
    set(hostname, "TXT", txt("v=spf1 a -all")),
    set(`${selector}._domainkey.${domain}`, "TXT", txt(`v=DKIM1; k=rsa; p=${keys.dkim}`)),
    set(`_dmarc.${domain}`, "TXT", txt(`v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:dmarc@${domain}`)),
    set(`spam.${domain}`, "MX", `10 ${hostname}.`),
    set(`spam.${domain}`, "TXT", txt("v=spf1 -all")),
    set(`_dmarc.spam.${domain}`, "TXT", txt("v=DMARC1; p=none")),
    set(strangers.wrongKey(domain), "MX", `10 ${strange}.`),
    set(strange, "A", address),
    tlsa(strange, wrongDigest),
    ...(address6 ? [set(strangers.onlyIpv6(domain), "MX", `10 ${onlyNew}.`), set(onlyNew, "AAAA", address6)] : []),
  ];
}

/** Records of {@link strangers.unsigned}, a zone of its own without signatures. Its TLSA record is wrong, and proves nothing. */
export function unsignedRecords(identity: PeerIdentity = defaultPeer): RecordSet[] {
  const zone = strangers.unsigned(identity.domain);
  const set = (name: string, type: string, content: string): RecordSet => ({ name, type, ttl, contents: [content] });
  return [
    set(zone, "MX", `10 mail.${zone}.`),
    set(`mail.${zone}`, "A", identity.address),
    set(`_25._tcp.mail.${zone}`, "TLSA", `3 1 1 ${wrongDigest}`),
  ];
}

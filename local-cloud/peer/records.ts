import { RecordSet } from "../contracts";
import { defaultPeer, PeerIdentity } from "./identity";

const ttl = 300;

/** A TXT value in presentation form; one string holds at most 255 bytes (RFC 1035 3.3). */
export function txt(value: string): string {
  const strings = value.match(/.{1,255}/gs) ?? [""];
  return strings.map((part) => `"${part.replace(/(["\\])/g, "\\$1")}"`).join(" ");
}

/** `10.100.51.198.in-addr.arpa` for `198.51.100.10`. */
export function reverseName(address: string): string {
  return `${address.split(".").reverse().join(".")}.in-addr.arpa`;
}

/**
 * All DNS records of a peer, strict on purpose: a mistake in judging or sending shows as a failed verdict.
 * @param dkimPublicKey base64 of the SubjectPublicKeyInfo, as in the `p=` tag.
 */
export function peerRecords(dkimPublicKey: string, address: string, identity: PeerIdentity = defaultPeer): RecordSet[] {
  const { domain, hostname, selector } = identity;
  const set = (name: string, type: string, content: string): RecordSet => ({
    name,
    type,
    ttl,
    contents: [content],
  });
  return [
    set(hostname, "A", address),
    set(domain, "MX", `10 ${hostname}.`),
    set(domain, "TXT", txt("v=spf1 mx -all")),
    // For mail with an empty sender (bounces), which is judged by its HELO name.
    set(hostname, "TXT", txt("v=spf1 a -all")),
    set(`${selector}._domainkey.${domain}`, "TXT", txt(`v=DKIM1; k=rsa; p=${dkimPublicKey}`)),
    set(`_dmarc.${domain}`, "TXT", txt(`v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:dmarc@${domain}`)),
    set(`spam.${domain}`, "MX", `10 ${hostname}.`),
    set(`spam.${domain}`, "TXT", txt("v=spf1 -all")),
    set(`_dmarc.spam.${domain}`, "TXT", txt("v=DMARC1; p=none")),
    set(reverseName(address), "PTR", `${hostname}.`),
  ];
}

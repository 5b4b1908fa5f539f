import { addresses } from "../contracts";

/** Who a peer is. Several peers in one cloud differ in all of these but the selector. */
export interface PeerIdentity {
  /** The system's name in the cloud (`HostSpec.name`). */
  host: string;
  /** Its mail domain; also a DNS zone of its own. */
  domain: string;
  /** Its name in HELO, MX, PTR and certificate. */
  hostname: string;
  address: string;
  address6?: string;
  /** DKIM selector. */
  selector: string;
}

/** The peer that every cloud has. */
export const defaultPeer: PeerIdentity = {
  host: "peer",
  domain: "peer.example",
  hostname: "mail.peer.example",
  address: addresses.peer,
  address6: addresses.peer6,
  selector: "peer1",
};

/**
 * A sender that no receiver should like: its SPF record allows no host, and Exim does not sign for it.
 * Mail to it arrives in nobody's mailbox.
 */
export function spamSender(identity: PeerIdentity = defaultPeer): string {
  return `offers@spam.${identity.domain}`;
}

import type { HostFile } from "../deployment/bundle";
import { filesFrom } from "../deployment/files";
import type { View } from "../deployment/template";
import { hasRelay, isImplicitTls } from "../settings/relay";
import type { Settings } from "../settings/schema";

/** The only transport of Postfix that logs in somewhere, the table with the login, and the table of who uses it. */
const transport = "smarthost";
const passwords = "/etc/postfix/relay_password";
const senders = "/etc/postfix/relay_senders";

/** Name of the secret that is the password at the relay. */
export const relayPasswordSecret = "relay-password";
/** How mail leaves, for `mailstack status`; host/mailstack/outgoing.py reads it. */
const outgoingFile = "/usr/local/share/mailstack/outgoing.json";

/** The settings that decide how mail leaves. */
export type OutgoingSettings = Pick<
  Settings,
  "relayHost" | "relayPort" | "relayUser" | "relayDomains" | "portProbeDomain" | "ipv6"
>;

/** Where mail goes that does not go to its recipients' servers. */
interface Relay {
  host: string;
  port: number;
  /** TLS from the first byte. */
  implicitTls: boolean;
  /** Whose mail; empty: all. */
  domains: string[];
}

/** How mail leaves. */
export interface Outgoing {
  relay?: Relay;
  /** A domain whose mail servers show whether port 25 is open; empty: nobody looks. */
  probeDomain: string;
  ipv6: boolean;
}

/** How the mail of a stack leaves. */
export function outgoingOf(settings: OutgoingSettings): Outgoing {
  const { relayHost: host, relayPort: port, relayDomains: domains, portProbeDomain: probeDomain, ipv6 } = settings;
  const relay = { host, port, implicitTls: isImplicitTls(port), domains };
  return { ...(hasRelay(settings) ? { relay } : {}), probeDomain, ipv6 };
}

/** What main.cf and master.cf say about the relay. */
export function relayLines(settings: OutgoingSettings): View {
  const { relay } = outgoingOf(settings);
  if (!relay) return { relay: [], relayAll: "", relaySenders: "" };
  return {
    relay: [{ transport, passwords, implicitTls: relay.implicitTls }],
    ...(relay.domains.length > 0
      ? { relayAll: "", relaySenders: `regexp:${senders}, ` }
      : { relayAll: nextHop(relay), relaySenders: "" }),
  };
}

/** In brackets: the server itself, whatever its own mail exchangers are. */
const nextHop = ({ host, port }: Relay) => `${transport}:[${host}]:${port}`;

/** Files about how mail leaves. */
export function outgoingFiles(settings: OutgoingSettings): Record<string, HostFile> {
  const outgoing = outgoingOf(settings);
  const about = {
    [outgoingFile]: { owner: "root:root", mode: "0644", content: `${JSON.stringify(outgoing, undefined, 1)}\n` },
  };
  const { relay } = outgoing;
  if (!relay) return about;
  const login = { host: relay.host, port: relay.port, user: settings.relayUser, secret: relayPasswordSecret };
  const domains = relay.domains.map((domain) => domain.replaceAll(".", "\\."));
  return {
    ...about,
    ...filesFrom("postfix", { [passwords]: { mode: "0600" } }, login),
    ...(domains.length > 0 ? filesFrom("postfix", { [senders]: {} }, { domains, nextHop: nextHop(relay) }) : {}),
  };
}

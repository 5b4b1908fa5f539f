import { systems, type System, type SystemName } from "../deployment/systems";
import type { AlertUrlKey } from "../settings/alerts";
import type { Settings } from "../settings/schema";
import type { RelayFor } from "../reach/exchange";
import { networksOf, type TrustedExchanger } from "../reach/trusted";
import { hostNames } from "../settings/web-names";

/**
 * What the services of one mail server are made from: the settings under their own names, and what follows from them,
 * computed once. Plain values.
 */
export interface Stack extends Omit<Settings, "os" | "hostname"> {
  os: SystemName;
  /** What differs from one operating system to another. */
  system: System;
  /** Fully qualified name of the host. */
  fqdn: string;
  /** Names of the host from before that are still published. */
  formerFqdns: string[];
  /** Every hosted mail domain, the main one first. */
  mailDomains: string[];
  /** Every name that nginx answers and the certificate must be good for, the host's own first. */
  siteNames: string[];
  /** Path on the host of the block device that mail is on; without it mail is on the host's own disk. */
  volumeDevice?: string;
  /** Which URLs for alerts the host has; they are secret themselves. Default: none. */
  alertUrls?: readonly AlertUrlKey[];
  /** Backup MXs that hand mail on to this host. Default: none. */
  backupMxs?: readonly TrustedExchanger[];
  /** Whose mail this host keeps and hands on; only a backup MX has it. */
  relayFor?: RelayFor;
}

/** Networks whose clients have no limits and are never shut out: those of the settings, and the backup MXs. */
export function trustedNetworks({ trustedCidrs, backupMxs = [] }: Pick<Stack, "trustedCidrs" | "backupMxs">): string[] {
  return [...new Set([...trustedCidrs, ...networksOf(backupMxs)])];
}

/** What the settings do not tell. */
export interface StackFacts {
  fqdn: string;
  formerFqdns: string[];
  volumeDevice?: string;
  alertUrls?: readonly AlertUrlKey[];
  backupMxs?: readonly TrustedExchanger[];
}

/** Computes what all services share. */
export function stackOf({ os, ...settings }: Omit<Settings, "os"> & { os: SystemName }, facts: StackFacts): Stack {
  // A certificate of the user's own is for the present names only.
  const former = settings.certificate === "existing" ? [] : facts.formerFqdns;
  return {
    ...settings,
    os,
    system: systems[os],
    mailDomains: [settings.domain, ...settings.domains.map((domain) => domain.name)],
    siteNames: [...hostNames(settings, facts.fqdn), ...former],
    ...facts,
  };
}

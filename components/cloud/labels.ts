import { createHash } from "node:crypto";

/** Length of the label of a firewall or a volume; an instance's may be longer. */
const longestLabel = 32;

/**
 * Label of an instance and its firewall. Linode's: 3 to 32 characters, letters, digits, single `-`, `_` and `.`, a letter
 * first. A name that is cut keeps a digest, so that two hosts of an account have two labels.
 */
export function hostLabel(hostname: string): string {
  const single = hostname.replace(/([-_.])\1+/g, "$1");
  const whole = /^[a-z]/.test(single) ? single : `host-${single}`;
  return whole.length <= longestLabel ? whole : withDigest(whole, hostname);
}

/**
 * Label of a volume: 1 to 32 letters, digits, single `-` and `_`; no dots, as it is a part of a path on the host. A name
 * that does not fit, or that another host may also be left with, keeps a digest.
 */
export function volumeLabel(hostname: string): string {
  const whole = hostname.replace(/[^a-z0-9]+/g, "-");
  return whole.length <= longestLabel && !hostname.includes("-") ? whole : withDigest(whole, hostname);
}

/** The label that versions without {@link volumeLabel} gave. A volume keeps its label, which is its path on the host. */
export function formerVolumeLabel(hostname: string): string {
  return hostname
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, longestLabel)
    .replace(/-$/, "");
}

function withDigest(text: string, hostname: string): string {
  const digest = createHash("sha256").update(hostname).digest("hex").slice(0, 6);
  return `${text.slice(0, longestLabel - digest.length - 1).replace(/[^a-z0-9]+$/, "")}-${digest}`;
}

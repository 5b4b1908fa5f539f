import type { Settings } from "../settings/schema";

type Selectors = Pick<Settings, "dkimSelector" | "dkimOtherSelectors">;

/** What the last `up` left of keys; see `Past`. */
export interface PastKeys {
  /** DKIM TXT values, by domain and selector. */
  keys: Record<string, Record<string, string>>;
  /** That signed. */
  selector?: string;
  kept?: Record<string, string>;
}

/** Keys of one domain that the settings do not publish, and the days on which those that signed may go. */
export interface FormerKeys {
  /** TXT values by selector. */
  values: Record<string, string>;
  /** By record name. Also of keys that the settings still publish: taken out later, they go on that day. */
  kept: Record<string, string>;
}

/**
 * Keys that have signed are published until `day`, or until the day that an earlier `up` gave them. A key that has never
 * signed goes with its setting.
 */
export function formerKeysOf(domain: string, past: PastKeys, settings: Selectors, day: string, now: Date): FormerKeys {
  const found: FormerKeys = { values: {}, kept: {} };
  for (const [selector, value] of Object.entries(past.keys[domain] ?? {})) {
    if (selector === settings.dkimSelector) continue;
    const name = dkimName(selector, domain);
    // Older versions did not note which one signed.
    const signed = past.selector === undefined || past.selector === selector;
    const until = past.kept?.[name] ?? (signed ? day : undefined);
    if (until === undefined) continue;
    const declared = settings.dkimOtherSelectors.includes(selector);
    if (!declared && Date.parse(until) <= now.getTime()) continue;
    if (!declared) found.values[selector] = value;
    found.kept[name] = until;
  }
  return found;
}

/**
 * Keys that a host keeps, whatever a preview says of the command that tells them: without this each change of Rspamd would
 * look like one of the DNS. Another host may have others.
 */
export function presumedKeys(
  past: (PastKeys & { os?: string; region?: string }) | undefined,
  { os, region }: Pick<Settings, "os" | "region">,
  preview: boolean,
): PastKeys["keys"] | undefined {
  return preview && past?.os === os && past.region === region ? past.keys : undefined;
}

/**
 * A key that was never published cannot begin to sign while there are others: a line for the preview. The host looks
 * whether the DNS shows what was published (host/mailstack/keys/dkim.py).
 */
export function unpublishedSigner(past: PastKeys | undefined, settings: Settings): string[] {
  const { dkimSelector, dkimOtherSelectors, domain, domains } = settings;
  if (!past || dkimOtherSelectors.length === 0) return [];
  const missing = [domain, ...domains.map(({ name }) => name)].filter((name) => {
    const published = past.keys[name];
    return published !== undefined && !(dkimSelector in published);
  });
  if (missing.length === 0) return [];
  return [
    `mailstack:dkimSelector: the last up did not publish ${dkimName(dkimSelector, missing[0]!)}, so it cannot sign yet; ` +
      `put ${dkimSelector} into mailstack:dkimOtherSelectors first, as docs/admin/dkim.md tells`,
  ];
}

/** A key that no longer signs, and whose record stays for the mail that it has signed: a line for the preview. */
export function staysPublished(kept: Record<string, string>, keys: Record<string, Record<string, string>>): string[] {
  return Object.entries(keys).flatMap(([domain, values]) =>
    Object.keys(values).map((selector) => {
      const name = dkimName(selector, domain);
      return `${name} stays in the DNS until ${kept[name]?.slice(0, 16)}Z, for mail on its way; the first up after that deletes it`;
    }),
  );
}

function dkimName(selector: string, domain: string): string {
  return `${selector}._domainkey.${domain}`;
}

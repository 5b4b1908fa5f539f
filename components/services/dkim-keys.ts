import type { Bundle } from "../deployment/bundle";
import type { Stack } from "./stack";

/** The program's own: Rspamd may not write there, since root reads and writes keys in it (host/mailstack/keys/dkim_keys.py). */
const folder = "/var/lib/mailstack/dkim";
const dkim = ["/usr/local/sbin/mailstack", "dkim"];
/** What the settings want of it. */
const wantedFile = "/usr/local/share/mailstack/dkim.json";

/** Name of the bundle's output that holds the value of a DKIM record, without quotes and in one piece. */
function outputOf(domain: string, other?: string): string {
  return other === undefined ? `dkim ${domain}` : `dkim ${domain} ${other}`;
}

/** What the keys are made from. */
export type DkimSettings = Pick<Stack, "mailDomains" | "dkimSelector" | "dkimOtherSelectors" | "dkimMaxAgeDays">;

/**
 * What Rspamd's bundle holds about the keys of the mail domains; which of them sign is decided on the host
 * (host/mailstack/keys/dkim.py).
 * @param owner - Of the keys.
 */
export function dkimKeys(settings: DkimSettings, owner: string) {
  const { mailDomains, dkimSelector, dkimOtherSelectors, dkimMaxAgeDays } = settings;
  const keyOf = (name: string, selector: string) => ({ selector, key: `${folder}/${name}.${selector}.key` });
  const domains = [...mailDomains].sort().map((name) => ({
    name,
    ...keyOf(name, dkimSelector),
    others: [...dkimOtherSelectors].sort().map((selector) => keyOf(name, selector)),
  }));
  const wanted = { domains, maxAgeDays: dkimMaxAgeDays };
  const outputs = domains.flatMap(({ name, key, others }): [string, string[]][] => [
    [outputOf(name), [...dkim, "record", key]],
    ...others.map((other): [string, string[]] => [outputOf(name, other.selector), [...dkim, "record", other.key]]),
  ]);
  return {
    files: {
      [wantedFile]: { owner: "root:root", mode: "0644", content: `${JSON.stringify(wanted, undefined, 1)}\n` },
    },
    prepare: [
      [...dkim, "prepare"],
      [...dkim, "make", ...domains.flatMap(({ key, others }) => [key, ...others.map((other) => other.key)])],
    ],
    after: [[...dkim, "watch"]],
    state: [{ kind: "files", path: folder, owner }],
    outputs: Object.fromEntries(outputs),
  } satisfies Partial<Bundle>;
}

/** The TXT values of the keys, as the host told them. */
export interface PublicKeys {
  /** By domain. */
  signing: Record<string, string>;
  /** Of those that do not sign, by domain and selector. */
  others: Record<string, Record<string, string>>;
}

/** Reads the outputs of {@link dkimKeys}. */
export function keysOf(results: Record<string, string>, others: readonly string[], domains: string[]): PublicKeys {
  const valueOf = (domain: string, other?: string) => results[outputOf(domain, other)] ?? "";
  const othersOf = (domain: string) => Object.fromEntries(others.map((other) => [other, valueOf(domain, other)]));
  return {
    signing: Object.fromEntries(domains.map((domain) => [domain, valueOf(domain)])),
    others: Object.fromEntries(domains.map((domain) => [domain, othersOf(domain)])),
  };
}

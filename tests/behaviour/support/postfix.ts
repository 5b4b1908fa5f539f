import type { Host } from "./hosts";

/** A line of master.cf with its options. */
export interface MasterService {
  name: string;
  type: string;
  command: string;
  /** `-o name=value`, which wins over main.cf. */
  overrides: Record<string, string>;
}

/** What `postconf` knows. */
export interface Postfix {
  main: Record<string, string>;
  services: MasterService[];
  /** The value that a service works with, `$name` filled in; empty where nothing is set. */
  of(service: MasterService | undefined, name: string): string;
}

/** Lines that begin with white space continue the line before; comments are lines of their own (postconf(5)). */
function logicalLines(text: string): string[] {
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    if (/^\s*(#|$)/.test(line)) continue;
    if (/^\s/.test(line)) lines[lines.length - 1] += ` ${line.trim()}`;
    else lines.push(line.trim());
  }
  return lines;
}

/** Options of one service, also `-o { name = value with spaces }`. */
function overridesOf(words: string): Record<string, string> {
  const found = [...words.matchAll(/-o\s+(?:\{\s*([^=}]+?)\s*=\s*([^}]*?)\s*\}|([^=\s]+)=(\S*))/g)];
  return Object.fromEntries(found.map(([, long, text, short, word]) => [long ?? short!, text ?? word ?? ""]));
}

export function postfixOf(host: Host): Postfix {
  const main: Record<string, string> = {};
  for (const line of logicalLines(host.text("/etc/postfix/main.cf"))) {
    const [, name, value] = /^([A-Za-z0-9_]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (!name) throw new Error(`main.cf: ${line}`);
    main[name] = value!;
  }
  const services = logicalLines(host.text("/etc/postfix/master.cf")).map((line): MasterService => {
    const [name = "", type = "", , , , , , command = "", ...rest] = line.split(/\s+/);
    return { name, type, command, overrides: overridesOf(rest.join(" ")) };
  });
  const of = (service: MasterService | undefined, name: string): string =>
    (service?.overrides[name] ?? main[name] ?? "").replace(/\$([a-z_]+)/g, (_, other: string) => of(service, other));
  return { main, services, of };
}

/** Words of a list; `{...}` is one. */
export function listOf(value: string): string[] {
  return [...value.matchAll(/(?:[a-z_]+:)?\{[^}]*\}|[^,\s]+/g)].map(([word]) => word);
}

/** Address and port of an `inet` service; the default is every address. */
export function listens({ name }: MasterService): { address: string; port: string } {
  const [, address = "*", port = ""] = /^(?:(.+):)?([^:]+)$/.exec(name) ?? [];
  return { address, port };
}

const versions = ["SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/** The TLS versions that a value of `smtpd_tls_protocols` allows. */
export function tlsVersions(value: string): string[] {
  const [, least] = /^>=\s*(\S+)$/.exec(value) ?? [];
  if (least) return versions.slice(versions.indexOf(least));
  const words = listOf(value);
  const named = words.filter((word) => !word.startsWith("!"));
  return versions.filter((each) => !words.includes(`!${each}`) && (named.length === 0 || named.includes(each)));
}

/** What a table of regular expressions (regexp_table(5)) answers; undefined: nothing. */
export function regexpLookup(table: string, key: string): string | undefined {
  // Whether the lines within each open `if` count.
  const open: boolean[] = [];
  for (const line of logicalLines(table)) {
    if (line === "endif") {
      open.pop();
      continue;
    }
    const [, condition, not, pattern, flags, answer] =
      /^(if\s+)?(!)?\/((?:[^/\\]|\\.)*)\/([imx]*)\s*(.*)$/.exec(line) ?? [];
    if (pattern === undefined) throw new Error(`not a line of a regexp table: ${line}`);
    const classes = pattern.replaceAll("[:space:]", "\\s").replaceAll("[:alnum:]", "A-Za-z0-9");
    // Postfix ignores case; the flag `i` turns that off.
    const match = new RegExp(classes, flags!.includes("i") ? "" : "i").exec(key);
    if (condition) open.push((match === null) === (not === "!"));
    else if (match && !open.includes(false))
      return answer!.replace(/\$\{?(\d)\}?/g, (_, index: string) => match[Number(index)] ?? "");
  }
  if (open.length > 0) throw new Error("a regexp table with an if that has no end");
  return undefined;
}

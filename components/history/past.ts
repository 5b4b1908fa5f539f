import * as pulumi from "@pulumi/pulumi";
import { zoneOf, type History, type Past } from "./history";

/** Outputs of the last `up`; those of older versions have no `history`. */
interface Outputs {
  hostname?: string;
  ipv4?: string;
  zones?: Record<string, string>;
  history?: History;
}

/**
 * What the last `up` of this stack left; undefined before the first one. The engine reads it from the stack's state, also
 * while it runs: outputs change only at the end of an `up`.
 * @param read - Asks the engine for the outputs; another one in tests.
 */
export async function readPast(read: () => Promise<unknown> = readOutputs): Promise<Past | undefined> {
  const answer = (await patiently(read)) as { outputs?: Outputs };
  return pastOf(answer.outputs ?? {});
}

function readOutputs(): Promise<unknown> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  return pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name });
}

const attempts = 5;

/** The engine may be writing the state at this moment, and then finds half of it. */
async function patiently(read: () => Promise<unknown>): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      if (attempt === attempts || !/failed to load checkpoint/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50 * 2 ** attempt));
    }
  }
}

/** Exported for tests. */
export function pastOf({ hostname, ipv4, zones = {}, history }: Outputs): Past | undefined {
  const domain = hostname && zoneOf(hostname, Object.keys(zones));
  if (!hostname || !domain) return undefined;
  const published = Object.values(zones).flatMap(linesOf);
  const keys = Object.fromEntries(Object.keys(zones).map((name) => [name, keysOf(name, published)]));
  // Older versions named every resource after the settings of the day.
  const first = history?.first ?? { domain, hostname, selector: Object.keys(keys[domain] ?? {})[0] ?? "" };
  return { ...history, address: history?.address ?? ipv4, first, hostname, keys, published };
}

/** Lines of a zone's text (zone-file.ts): name, type and data, of a TXT record its text. */
function linesOf(text: string): Past["published"] {
  return text.split("\n").flatMap((line) => {
    const [, name = "", type = "", data = ""] = /^(\S+)\. \d+ IN (\S+) (.*)$/.exec(line) ?? [];
    if (!name) return [];
    return [{ name, type, data: type === "TXT" ? unquoted(data) : data }];
  });
}

function unquoted(data: string): string {
  const strings = [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)];
  return strings.map(([, part = ""]) => part.replace(/\\(.)/g, "$1")).join("");
}

function keysOf(domain: string, published: Past["published"]): Record<string, string> {
  const suffix = `._domainkey.${domain}`;
  const found = published.filter(({ name, type }) => type === "TXT" && name.endsWith(suffix));
  return Object.fromEntries(found.map(({ name, data }) => [name.slice(0, -suffix.length), data]));
}

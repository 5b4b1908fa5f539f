import { blocksOf, parseBlocks, valuesOf, type Directive } from "./blocks";
import type { Host } from "./hosts";

/** What nginx reads, with each `include` of a file of ours in its place. */
function expanded(host: Host, text: string): Directive[] {
  return parseBlocks(text).flatMap(({ words, block }): Directive[] => {
    if (words[0] === "include") {
      const pattern = new RegExp(`^${words[1]!.replaceAll(".", "\\.").replaceAll("*", "[^/]*")}$`);
      const paths = Object.keys(host.files).filter((path) => pattern.test(path));
      if (paths.length === 0) throw new Error(`nginx includes ${words[1]}, which the host does not have`);
      return paths.sort().flatMap((path) => expanded(host, host.text(path)));
    }
    return [{ words, ...(block && { block: block.flatMap((inner) => expandedInner(host, inner)) }) }];
  });
}

function expandedInner(host: Host, { words, block }: Directive): Directive[] {
  const quoted = words.map((word) => (/[\s;{}"]/.test(word) || word === "" ? `'${word}'` : word)).join(" ");
  if (!block) return expanded(host, `${quoted};`);
  return [{ words, block: block.flatMap((inner) => expandedInner(host, inner)) }];
}

/** Every site, and what stands beside them. */
export function nginxOf(host: Host): { servers: Directive[][]; top: Directive[] } {
  const top = expanded(host, host.text("/etc/nginx/sites-enabled/zz-mailstack"));
  return { servers: blocksOf(top, "server").map(({ block }) => block), top };
}

/** Whether any of the server's sockets speaks TLS. */
export function isTls(server: Directive[]): boolean {
  return valuesOf(server, "listen").some((words) => words.includes("ssl"));
}

/** Headers that an answer of this location has: its own, or else the server's. */
export function headersOf(server: Directive[], location: Directive[]): Record<string, string> {
  const own = valuesOf(location, "add_header");
  const from = own.length > 0 ? own : valuesOf(server, "add_header");
  return Object.fromEntries(from.map(([name, value]) => [name!.toLowerCase(), value!]));
}

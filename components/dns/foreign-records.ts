import { Resolver } from "node:dns/promises";
import type { Past } from "../history/history";
import { allRecords, type RecordsArgs } from "./zones";
import type { MailRecord } from "./zone-data";

/** Answers of the DNS as the machine that deploys gets them: the data of each record, as in a zone file. */
export type Look = (name: string, type: string) => Promise<string[]>;

/** Types of records of which one too many, or another one, stops or misleads mail. */
const looked = ["A", "AAAA", "MX", "TXT"];

/**
 * Records in the DNS beside those of the stack that void them or win against them: a second SPF record, another MX,
 * another address. For a preview: `mailstack status` asks the zone's own servers.
 * @returns a line for each.
 */
export async function foreignRecords(args: RecordsArgs, past: Past | undefined, look: Look = ask): Promise<string[]> {
  const ours = (past?.published ?? []).map(({ name, type, data }) => `${name} ${type} ${data}`.replace(/\.$/, ""));
  const records = [...allRecords(args).values()].flat().filter(({ type }) => looked.includes(type));
  const seen = new Set<string>();
  const lines = records.map(async (record) => {
    const key = `${record.name} ${record.type} ${tagOf(record)}`;
    if (seen.has(key)) return [];
    seen.add(key);
    const own = new Set([...ours, ...records.map(staticLine)]);
    const found = await look(record.name, record.type);
    return found
      .filter((data) => record.type !== "TXT" || data.split(/[ ;]/)[0] === tagOf(record))
      .filter((data) => !own.has(`${record.name} ${record.type} ${data}`.replace(/\.$/, "")))
      .map(
        (data) =>
          `${record.name} ${record.type} ${data.slice(0, 80)}: is in the DNS, and not from this stack; ${effects[record.type]}`,
      );
  });
  return (await Promise.all(lines)).flat();
}

const effects: Partial<Record<MailRecord["type"], string>> = {
  A: "it leads elsewhere",
  AAAA: "it leads elsewhere",
  MX: "mail goes there too, or first",
  TXT: "of two records for the same purpose receivers take none",
};

function tagOf({ type, content }: MailRecord): string {
  if (type !== "TXT") return "";
  return typeof content === "string" ? (content.split(/[ ;]/)[0] ?? "") : "v=DKIM1";
}

function staticLine({ name, type, content, priority }: MailRecord): string {
  const text = typeof content === "string" ? content : "";
  return `${name} ${type} ${type === "MX" ? `${priority} ${text}` : text}`;
}

const resolver = new Resolver({ timeout: 2000, tries: 1 });

async function ask(name: string, type: string): Promise<string[]> {
  try {
    switch (type) {
      case "A":
        return await resolver.resolve4(name);
      case "AAAA":
        return await resolver.resolve6(name);
      case "MX":
        return (await resolver.resolveMx(name)).map(({ priority, exchange }) => `${priority} ${exchange}`);
      default:
        return (await resolver.resolveTxt(name)).map((strings) => strings.join(""));
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTFOUND" || code === "ENODATA") return [];
    throw error;
  }
}

import { z } from "zod";
import { CloudflareError } from "./errors";
import type { CloudflareRecord } from "./state";

const text = z.string().optional();

const query = z.strictObject({
  name: text,
  type: text,
  content: text,
  comment: text,
  "name.exact": text,
  "name.contains": text,
  "name.startswith": text,
  "name.endswith": text,
  "content.exact": text,
  "content.contains": text,
  "content.startswith": text,
  "content.endswith": text,
  search: text,
  proxied: z.enum(["true", "false"]).optional(),
  match: z.enum(["any", "all"]).default("all"),
  order: z.enum(["type", "name", "content", "ttl", "proxied"]).default("name"),
  direction: z.enum(["asc", "desc"]).default("asc"),
  page: z.coerce.number().int().min(1).default(1),
  per_page: z.coerce.number().int().min(1).max(5_000_000).default(100),
});

type Test = (record: CloudflareRecord) => boolean;

const comparisons: Record<string, (value: string, wanted: string) => boolean> = {
  exact: (value, wanted) => value === wanted,
  contains: (value, wanted) => value.includes(wanted),
  startswith: (value, wanted) => value.startsWith(wanted),
  endswith: (value, wanted) => value.endsWith(wanted),
};

/** Text is found with its quotes and without them. */
function unquoted(text: string): string {
  return text.replace(/^"([^"]*)"$/, "$1");
}

function tests(parameters: z.infer<typeof query>): Test[] {
  return Object.entries(parameters).flatMap(([key, wanted]): Test[] => {
    const [field, comparison = "exact"] = key.split(".");
    if (typeof wanted !== "string") return [];
    const text = wanted.toLowerCase();
    if (field === "search") return [(record) => JSON.stringify(record).toLowerCase().includes(text)];
    if (field === "proxied") return [(record) => String(record.proxied) === wanted];
    if (!["name", "type", "content", "comment"].includes(field!)) return [];
    const compare = comparisons[comparison]!;
    return [(record) => compare(unquoted(String(record[field as "name"] ?? "").toLowerCase()), unquoted(text))];
  });
}

/** The records that a list request asks for: one page of them, and the numbers around it. */
export function listed(records: CloudflareRecord[], parameters: unknown) {
  const result = query.safeParse(parameters);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new CloudflareError(400, 9100, `Invalid query: ${issue.path.join(".")}: ${issue.message}`);
  }
  const { match, order, direction, page, per_page } = result.data;
  const wanted = tests(result.data);
  const passes = (record: CloudflareRecord) =>
    match === "all" || wanted.length === 0 ? wanted.every((test) => test(record)) : wanted.some((test) => test(record));
  const sign = direction === "asc" ? 1 : -1;
  const found = records
    .filter(passes)
    .sort((a, b) => sign * String(a[order]).localeCompare(String(b[order]), "en", { numeric: order === "ttl" }));
  const shown = found.slice((page - 1) * per_page, page * per_page);
  const total_pages = Math.ceil(found.length / per_page);
  return { page: shown, info: { page, per_page, count: shown.length, total_count: found.length, total_pages } };
}

import { readFileSync } from "node:fs";
import type { Document, LineCounter, Node } from "yaml";
import type { Problem } from "./problem";

/** Lists that may be in the users file instead of the stack's configuration. Each becomes one list with the stack's own. */
const lists = ["users", "aliases", "sharedAliases"] as const;
type List = (typeof lists)[number];

/** Values together with those of the users file, and where each problem's value is written. */
export interface WithUsersFile {
  values: Record<string, unknown>;
  /** Names file and line of what the file holds; the stack's own values keep their keys. */
  locate(problem: Problem): Problem;
}

/**
 * Adds what the file named by `usersFile` holds. A stack's configuration reaches the program as one environment variable,
 * which Linux limits to 128 KiB; a file has no limit.
 * @returns problems instead when the file cannot be used at all.
 */
export function withUsersFile(values: Record<string, unknown>): WithUsersFile | Problem[] {
  const file = values.usersFile;
  if (typeof file !== "string" || file === "") return { values, locate: (problem) => problem };
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === "ENOENT" ? "is not there" : (error as Error).message;
    return [{ key: "usersFile", message: `"${file}" ${why}; its path begins at the folder of Pulumi.yaml` }];
  }
  return merged(file, text, values);
}

function merged(file: string, text: string, values: Record<string, unknown>): WithUsersFile | Problem[] {
  // Loaded for stacks with such a file only: it takes as long as a tenth of a preview.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { LineCounter, parseDocument } = require("yaml") as typeof import("yaml");
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  const line = (offset: number) => `${file}:${lineCounter.linePos(offset).line}`;
  const [syntax] = document.errors;
  if (syntax)
    return [{ place: line(syntax.pos[0]), message: syntax.message.split("\n")[0]!.replace(/ at line .*/, "") }];
  const content = (document.toJS() ?? {}) as unknown;
  if (typeof content !== "object" || Array.isArray(content))
    return [{ place: line(0), message: `must hold ${lists.join(", ")}` }];
  const entries = Object.entries(content as Record<string, unknown>);
  const wrong = entries.flatMap(([key, value]): Problem[] => {
    const place = placeOf(file, document, lineCounter, [key]);
    if (!lists.some((list) => list === key))
      return [{ place, key, message: `is not a known key; the keys are ${lists.join(", ")}` }];
    return Array.isArray(value) ? [] : [{ place, key, message: "must be a list" }];
  });
  if (wrong.length > 0) return wrong;
  const own = (list: List) => (values[list] ?? []) as unknown;
  const both = entries.flatMap(([key, value]): [string, unknown][] => {
    const before = own(key as List);
    // What is no list is refused later, by its own name.
    return Array.isArray(before) ? [[key, [...(before as unknown[]), ...(value as unknown[])]]] : [];
  });
  const counts = new Map(lists.map((list) => [list, Array.isArray(own(list)) ? (own(list) as unknown[]).length : 0]));
  return {
    values: { ...values, ...Object.fromEntries(both) },
    locate: (problem) => located(problem, counts, (path) => placeOf(file, document, lineCounter, path)),
  };
}

/** `users[7].address` in a problem, where the stack itself has five users, is `users[2].address` in the file. */
function located(problem: Problem, counts: Map<List, number>, place: (path: (string | number)[]) => string): Problem {
  const reference = /\b(users|aliases|sharedAliases)\[(\d+)\]((?:\.\w+|\[\d+\])*)/g;
  const inFile = (list: List, index: number) => index - (counts.get(list) ?? 0);
  const path = (list: string, index: number, rest: string) => [
    ...[list, index],
    ...[...rest.matchAll(/\w+/g)].map(([word]) => (/^\d+$/.test(word) ? Number(word) : word)),
  ];
  const rename = (text: string, placed: boolean) =>
    text.replace(reference, (whole: string, list: List, number: string, rest: string) => {
      const index = inFile(list, Number(number));
      if (index < 0) return whole;
      return `${placed ? `${place(path(list, index, rest))}: ` : ""}${list}[${index}]${rest}`;
    });
  const [found] = [...(problem.key ?? "").matchAll(reference)];
  const message = rename(problem.message, true);
  const index = found ? inFile(found[1] as List, Number(found[2])) : -1;
  if (!found || index < 0) return { ...problem, message };
  return { key: rename(problem.key!, false), message, place: place(path(found[1]!, index, found[3] ?? "")) };
}

/** File and line of a value; of what is around it where the value itself is missing. */
function placeOf(file: string, document: Document, lines: LineCounter, path: (string | number)[]): string {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as Node | undefined;
    if (node?.range) return `${file}:${lines.linePos(node.range[0]).line}`;
  }
  return `${file}:1`;
}

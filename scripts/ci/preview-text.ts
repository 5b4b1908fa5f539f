/**
 * What `pulumi preview --diff` says, without what stays as it is: the CLI prints every file of a changed service whole,
 * and GitHub takes 65,536 characters.
 */

const operation = /^ +(?:\+\+|--|\+-|-\+|[-+~<>=]) \S+:\S+:\S+: \(/;
const indentOf = (line: string) => line.length - line.trimStart().length;

/** One resource of the preview: its first line and what is below it. */
interface Operation {
  head: string;
  lines: string[];
}

export function condensed(preview: string): string {
  const lines = preview.split("\n");
  const out: string[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at]!;
    if (!operation.test(line)) {
      // All that is not about a resource: diagnostics, outputs, the count at the end.
      if (!/^\s*\[(urn|id|provider)=|: \(same\)$/.test(line)) out.push(line);
      at += 1;
      continue;
    }
    const end = lines.findIndex((other, index) => index > at && other !== "" && indentOf(other) <= indentOf(line));
    const stop = end < 0 ? lines.length : end;
    out.push(...operationLines({ head: line, lines: lines.slice(at + 1, stop) }));
    at = stop;
  }
  return out.join("\n");
}

function operationLines({ head, lines }: Operation): string[] {
  const name = lines.map((line) => /\[urn=.*::([^:\]]+)\]$/.exec(line)?.[1]).find(Boolean);
  const titled = name ? head.replace(/ (\S+): \(/, ` $1 ${name}: (`) : head;
  const details = lines.filter((line) => !/^\s*\[(urn|id|provider)=/.test(line));
  // Made or deleted whole: its files by name are enough.
  if (!/\((update|replace|create-replacement|delete-replaced)/.test(head))
    return [
      titled,
      ...details.filter((line) => /^ +["']?\/\S+ *: \{$/.test(line)).map((line) => line.replace(/ *: \{$/, "")),
    ];
  return [titled, ...changed(details)];
}

/** Marked lines, and around them the lines of a text that Pulumi shows as a diff of its own. */
function changed(lines: string[]): string[] {
  const out: string[] = [];
  let text: number | undefined;
  for (const line of lines) {
    const indent = indentOf(line);
    if (text !== undefined && line !== "" && indent <= text + 2) text = undefined;
    const marked = /^ *[-+~] /.test(line);
    if (marked || text !== undefined) out.push(line.replace(/ *: \{$/, ":"));
    if (/^ *~ .*: ?$/.test(line)) text = indent;
  }
  return out;
}

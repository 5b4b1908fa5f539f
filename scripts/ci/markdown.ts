/** Texts for GitHub. */

/** GitHub takes 65,536 characters; the rest is for the words around the blocks. */
const mostCharacters = 60_000;
/** Of a block's own line breaks, its language, and the line that says what is left out. */
const frame = 100;

/** A text as a block of its own, whole lines of it, the first ones: with its fences not longer than `most`. */
export function block(text: string, { language = "", most = mostCharacters } = {}): string {
  const lines = text.trimEnd().split("\n");
  const kept: string[] = [];
  // Longer than any fence within, so that a file of the host cannot end the block.
  let fence = "```";
  let length = frame;
  for (const line of lines) {
    length += line.length + 1;
    if (length > most) break;
    const longest = longestRun(line);
    const longer = longest < fence.length ? fence : "`".repeat(longest + 1);
    if (length + 2 * longer.length > most) break;
    fence = longer;
    kept.push(line);
  }
  const rest = lines.length - kept.length;
  const are = rest === 1 ? "line is" : "lines are";
  const more = rest > 0 ? `\n\n${rest} more ${are} in the log of this workflow run.` : "";
  return `${fence}${language}\n${kept.map((line) => `${line}\n`).join("")}${fence}${more}`;
}

/** Two texts for one body: what one leaves of their common space is the other's. */
export function twoBlocks(one: string, other: string): [string, string] {
  const half = mostCharacters / 2;
  const first = block(one, { most: Math.max(half, mostCharacters - block(other, { most: half }).length) });
  return [first, block(other, { most: mostCharacters - first.length })];
}

function longestRun(line: string): number {
  return (line.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);
}

/** Pulumi's indented diff in the form that GitHub colours: the sign in the first column. */
export function diffBlock(text: string): string {
  const moved = text.replace(/^( +)([-+~])(?=[ \S]|$)/gm, (_, indent: string, sign: string) => {
    return `${sign === "~" ? "!" : sign}${indent}`;
  });
  return block(moved, { language: "diff" });
}

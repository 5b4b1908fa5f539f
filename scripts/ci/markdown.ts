/** Texts for GitHub. */

/** GitHub takes 65,536 characters; the rest is for the words around a block. */
const mostCharacters = 60_000;

/** A text as a block of its own, whole lines of it at most as many as GitHub takes. */
export function block(text: string, language = ""): string {
  const lines = text.trimEnd().split("\n");
  let length = 0;
  const kept = lines.filter((line) => (length += line.length + 1) <= mostCharacters);
  // Longer than any fence within, so that a file of the host cannot end the block.
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const rest = lines.length - kept.length;
  const more = rest > 0 ? `\n\n${rest} more lines are in the log of this workflow run.` : "";
  return `${fence}${language}\n${kept.join("\n")}\n${fence}${more}`;
}

/** Pulumi's indented diff in the form that GitHub colours: the sign in the first column. */
export function diffBlock(text: string): string {
  const moved = text.replace(/^( +)([-+~])(?=[ \S]|$)/gm, (_, indent: string, sign: string) => {
    return `${sign === "~" ? "!" : sign}${indent}`;
  });
  return block(moved, "diff");
}

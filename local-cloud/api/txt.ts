/** TXT content in zone-file form: `"part" "part"`, each at most 255 bytes. */

/** A character string of DNS has a length octet. */
const limit = 255;

/** Splits text into strings of at most 255 bytes, never inside a character. */
function split(text: string): string[] {
  const parts: string[] = [];
  let part = "";
  for (const character of text) {
    if (Buffer.byteLength(part + character) > limit) {
      parts.push(part);
      part = "";
    }
    part += character;
  }
  return [...parts, part];
}

function quote(part: string): string {
  return `"${part.replace(/["\\]/g, "\\$&")}"`;
}

/** Quotes plain text. */
export function quotedText(text: string): string {
  return split(text).map(quote).join(" ");
}

/**
 * The strings of content that is wholly in quotes; undefined when it is not (it is plain text then).
 * `\"` and `\\` stand for the character; `\DDD` for a byte is left to the reader of the zone.
 */
export function quotedStrings(content: string): string[] | undefined {
  if (!/^\s*"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*\s*$/s.test(content)) return undefined;
  return [...content.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map((match) => match[1]!.replace(/\\(["\\])/g, "$1"));
}

/** Content as a DNS provider keeps it: quoted, one space between strings, long strings split. */
export function normalText(content: string): string {
  const strings = quotedStrings(content) ?? [content];
  return strings.map(quotedText).join(" ");
}

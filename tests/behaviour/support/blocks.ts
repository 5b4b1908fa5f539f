/** A directive of nginx or of Rspamd's configuration: its words, and what stands in its braces. */
export interface Directive {
  words: string[];
  block?: Directive[];
}

/** Reads `words ... ;` and `words ... { }`, with comments and quotes; `[a, b]` are words too. */
export function parseBlocks(text: string): Directive[] {
  const tokens = [
    ...text.matchAll(/#[^\n]*|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|[{};]|\$\{[a-z_]+\}|[^\s{};"',]+/g),
  ].filter(([token]) => !token.startsWith("#"));
  let at = 0;
  const list = (): Directive[] => {
    const found: Directive[] = [];
    let words: string[] = [];
    for (; at < tokens.length; at += 1) {
      const [token, double, single] = tokens[at]!;
      if (token === "}") break;
      if (token === "{") {
        at += 1;
        found.push({ words, block: list() });
        words = [];
      } else if (token === ";") {
        if (words.length > 0) found.push({ words });
        words = [];
      } else {
        words.push(double ?? single ?? token);
        // It ends with its line.
        if (words[0] === ".include" && words.length === 2) found.push({ words: words.splice(0) });
      }
    }
    if (words.length > 0) found.push({ words });
    return found;
  };
  const all = list();
  if (at < tokens.length) throw new Error("a closing brace too many");
  return all;
}

/** The values of a directive, each with its words behind the name. */
export function valuesOf(directives: Directive[], name: string): string[][] {
  return directives
    .filter(({ words, block }) => words[0] === name && !block)
    .map(({ words }) => words.slice(1).filter((word) => word !== "="));
}

/** The blocks of a name, such as `location` or `actions`. */
export function blocksOf(directives: Directive[], name: string): Required<Directive>[] {
  return directives.filter((each): each is Required<Directive> => each.words[0] === name && each.block !== undefined);
}

/** Every directive, at whatever depth. */
export function everyDirective(directives: Directive[]): Directive[] {
  return directives.flatMap((each) => [each, ...everyDirective(each.block ?? [])]);
}

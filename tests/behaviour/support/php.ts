/** A value of a configuration in PHP. */
export type PhpValue = string | number | boolean | PhpValue[] | { [key: string]: PhpValue };

/**
 * Reads `$config['name'] = value;` and `$name = value;` of a PHP file: texts, numbers, booleans, arrays and other variables.
 * @throws Error for anything else, such as a call.
 */
export function parsePhp(text: string): Record<string, PhpValue> {
  const tokens = [...text.matchAll(/\/\/[^\n]*|<\?php|'((?:[^'\\]|\\.)*)'|=>|\$?[A-Za-z_]\w*|\d+|[[\],;=]/g)].filter(
    ([token]) => !token.startsWith("//") && token !== "<?php",
  );
  const variables: Record<string, PhpValue> = {};
  const config: Record<string, PhpValue> = {};
  let at = 0;
  const take = (wanted?: string) => {
    const token = tokens[at++];
    if (!token || (wanted !== undefined && token[0] !== wanted))
      throw new Error(`${token?.[0]} where ${wanted} must be`);
    return token;
  };
  const value = (): PhpValue => {
    const [token, quoted] = take();
    if (quoted !== undefined) return quoted.replace(/\\(['\\])/g, "$1");
    if (token === "true" || token === "false") return token === "true";
    if (/^\d+$/.test(token)) return Number(token);
    // A constant such as LOG_MAIL
    if (/^[A-Z_]+$/.test(token)) return token;
    if (token.startsWith("$") && token in variables) return variables[token]!;
    if (token !== "[") throw new Error(`${token} is no plain value`);
    const list: PhpValue[] = [];
    const keyed: Record<string, PhpValue> = {};
    while (tokens[at]?.[0] !== "]") {
      const item = value();
      if (tokens[at]?.[0] === "=>") {
        take("=>");
        keyed[String(item)] = value();
      } else list.push(item);
      if (tokens[at]?.[0] === ",") take(",");
    }
    take("]");
    return Object.keys(keyed).length > 0 ? keyed : list;
  };
  while (at < tokens.length) {
    const [name] = take();
    let key: string | undefined;
    if (tokens[at]?.[0] === "[") {
      take("[");
      key = take()[1];
      take("]");
    }
    take("=");
    const read = value();
    take(";");
    if (key === undefined) variables[name] = read;
    else config[key] = read;
  }
  return config;
}

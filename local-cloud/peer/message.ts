/** The verdicts that the peer stored in a message that came by SMTP. Words as in RFC 8601: `pass`, `fail`, `none`, ... */
export interface Verdicts {
  /** pyspf's. */
  spf: string;
  /** OpenDKIM's: `pass` when one signature passes, otherwise the first signature's result. */
  dkim: string;
  /** OpenDMARC's. */
  dmarc: string;
  /** Whether the client address has a name that has this address. */
  iprev: string;
  /** TLS version of the connection as Exim names it, for example `TLS1.3`; `none` without TLS. */
  tls: string;
}

/** A message in a mailbox of the peer. */
export interface ReceivedMessage {
  /** Unfolded values by lower-case name, in the order in which they stand. */
  headers: Record<string, string[]>;
  /** Everything below the headers, undecoded. */
  body: string;
  /** `undefined` for mail that began on the peer itself. */
  verdicts?: Verdicts;
  /** What the connection looked like: `client`, `pointer`, `helo`, `sender`, `recipient`, `tls`, `cipher`, `id`. */
  session: Record<string, string>;
  /** Path inside the peer. */
  path: string;
}

/** Headers of a message, unfolded; `raw` may end anywhere below the headers. */
export function parseHeaders(raw: string): Record<string, string[]> {
  const head = raw.split(/\r?\n\r?\n/, 1)[0] ?? "";
  const headers: Record<string, string[]> = {};
  for (const line of head.split(/\r?\n(?![ \t])/)) {
    const colon = line.indexOf(":");
    if (colon < 1) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    (headers[name] ??= []).push(
      line
        .slice(colon + 1)
        .replace(/\r?\n[ \t]+/g, " ")
        .trim(),
    );
  }
  return headers;
}

function results(fields: string[], method: string): string[] {
  const pattern = new RegExp(`(?:^|;)\\s*${method}\\s*=\\s*([a-z]+)`, "g");
  return fields.flatMap((field) =>
    [...field.replace(/\([^()]*\)/g, "").matchAll(pattern)].map((match) => match[1] ?? ""),
  );
}

function one(fields: string[], method: string): string {
  const found = results(fields, method);
  const result = found.find((word) => word === "pass") ?? found[0];
  if (result === undefined) throw new Error(`the peer stored no ${method} verdict in: ${fields.join(" | ")}`);
  return result;
}

/** Reads the peer's own headers. Throws when a verdict is missing: no judge may be skipped silently. */
export function parseMessage(raw: string, path: string, authenticator: string): ReceivedMessage {
  const headers = parseHeaders(raw);
  const body = raw.replace(/^[\s\S]*?\r?\n\r?\n/, "");
  const session = Object.fromEntries(
    (headers["x-peer-session"]?.[0] ?? "")
      .split("; ")
      .filter(Boolean)
      .map((pair) => {
        const equals = pair.indexOf("=");
        return [pair.slice(0, equals), pair.slice(equals + 1)];
      }),
  );
  if (session["client"] === undefined) return { headers, body, session, path };
  const fields = (headers["authentication-results"] ?? []).filter((value) => value.startsWith(`${authenticator};`));
  const verdicts = {
    spf: one(fields, "spf"),
    dkim: one(fields, "dkim"),
    dmarc: one(fields, "dmarc"),
    iprev: one(fields, "iprev"),
    tls: session["tls"] ?? "none",
  };
  return { headers, body, verdicts, session, path };
}

/** How to speak to a server. */
export interface Dialogue {
  /** Server name or address; default: the MX of the first recipient's domain, found by DNS. */
  server?: string;
  /** Default 25. */
  port?: number;
  /** HELO name; default the peer's own. */
  helo?: string;
  /** `optional` (default): STARTTLS where offered; `required`; `none`; `wrapped`: TLS from the first byte (465). */
  tls?: "optional" | "required" | "none" | "wrapped";
  /** SMTP AUTH. */
  user?: string;
  password?: string;
  /** More arguments for swaks(1). */
  swaks?: string[];
}

/** How a server answered. */
export interface DialogueResult {
  /** The first refusal's code, otherwise the answer to the message; 0 when there was no SMTP answer (no connection). */
  code: number;
  /** That answer, with its enhanced code and text. */
  reply: string;
  /** swaks' transcript; for a large message without its text. */
  transcript: string;
}

const tlsOptions = {
  optional: ["--tls-optional"],
  required: ["--tls"],
  none: [],
  wrapped: ["--tls-on-connect"],
} as const;

/** Arguments for swaks; the message comes on standard input. */
export function swaksArguments(sender: string, to: string[], helo: string, how: Dialogue): string[] {
  const server = how.server === undefined ? [] : ["--server", how.server];
  const login = how.user === undefined ? [] : ["--auth", "--auth-user", how.user, "--auth-hide-password"];
  return [
    "swaks",
    ...server,
    ...(how.port === undefined ? [] : ["--port", String(how.port)]),
    ...["--helo", how.helo ?? helo],
    ...["--from", sender === "" ? "<>" : sender],
    ...["--to", to.join(",")],
    ...tlsOptions[how.tls ?? "optional"],
    ...login,
    // The transcript would hold the whole message again.
    ...["--timeout", "60", "--suppress-data", "--no-data-fixup", "--data", "-"],
    ...(how.swaks ?? []),
  ];
}

/** swaks reads options from its environment too; a password has no place among the arguments. */
export function swaksEnvironment(how: Dialogue): Record<string, string> {
  return how.user === undefined ? {} : { SWAKS_OPT_auth_password: how.password ?? "" };
}

/** A message as it goes over the wire after DATA: dots doubled, the last dot added (RFC 5321 4.5.2). */
export function dataStream(message: string): string {
  const stuffed = message.replace(/^\./gm, "..");
  return stuffed.endsWith("\r\n") ? `${stuffed}.` : `${stuffed}\r\n.`;
}

/**
 * Reads the outcome from a transcript: `<-`, `<~` (in TLS) are answers, with `*` they are refusals, `***` are swaks' own
 * errors. Where such an error is the last word, no earlier answer counts.
 */
export function readTranscript(transcript: string): DialogueResult {
  const answers = [...transcript.matchAll(/^<([-~*])([* ]) ?\s*(\d{3}) (.*)$/gm)].map((match) => ({
    at: match.index,
    refused: match[1] === "*" || match[2] === "*",
    code: Number(match[3]),
    text: `${match[3]} ${match[4]}`,
  }));
  const last = answers.at(-1);
  const broken = transcript.lastIndexOf("\n*** ") > (last?.at ?? -1);
  const answer = answers.filter(({ code }) => code !== 221).at(-1);
  const chosen = answers.find(({ refused }) => refused) ?? (broken ? undefined : answer);
  return { code: chosen?.code ?? 0, reply: chosen?.text ?? "", transcript };
}

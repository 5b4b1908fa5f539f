import { randomBytes, randomUUID } from "node:crypto";

/** A message to send. */
export interface Letter {
  /** Address in From, and the envelope sender unless `sender` is given. */
  from: string;
  /** Addresses in To and in the envelope. */
  to: string | string[];
  /** Envelope sender; an empty text is the null sender of bounces. */
  sender?: string;
  subject?: string;
  /** Plain text. */
  body?: string;
  /** Makes the whole message at least this many MiB with an attachment of random bytes. */
  sizeMb?: number;
  /** More headers; a name that the message has already replaces that one. */
  headers?: Record<string, string>;
  /** A complete message, headers and body, used as it is instead of the parts above (but the addresses of the envelope). */
  raw?: string;
}

function filler(bytes: number): string {
  const line = 76;
  const text = randomBytes(Math.ceil((bytes * 3) / 4)).toString("base64");
  return (text.match(new RegExp(`.{1,${line}}`, "g")) ?? []).join("\r\n");
}

/** The complete text of a letter with CRLF line ends. */
export function compose(letter: Letter, hostname: string, now = new Date()): string {
  if (letter.raw !== undefined) return letter.raw.replace(/\r?\n/g, "\r\n");
  const text = (letter.body ?? "Hello.\n").replace(/\r?\n/g, "\r\n");
  const headers: Record<string, string> = {
    From: letter.from,
    To: [letter.to].flat().join(", "),
    Subject: letter.subject ?? "Test",
    Date: now.toUTCString().replace("GMT", "+0000"),
    "Message-ID": `<${randomUUID()}@${hostname}>`,
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=utf-8",
    ...letter.headers,
  };
  let body = text;
  if (letter.sizeMb !== undefined) {
    const boundary = `=_${randomUUID()}`;
    headers["Content-Type"] = `multipart/mixed; boundary="${boundary}"`;
    body = [
      `--${boundary}`,
      "Content-Type: text/plain; charset=utf-8",
      "",
      text,
      `--${boundary}`,
      "Content-Type: application/octet-stream",
      'Content-Disposition: attachment; filename="random.bin"',
      "Content-Transfer-Encoding: base64",
      "",
      filler(letter.sizeMb * 1024 * 1024),
      `--${boundary}--`,
      "",
    ].join("\r\n");
  }
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}

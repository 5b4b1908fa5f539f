/** One delivery attempt of the peer's Exim. */
export interface DeliveryAttempt {
  state: "delivered" | "deferred" | "failed";
  recipient: string;
  /** The receiving host, `name [address]`. */
  host?: string;
  /** For example `TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256`; `undefined`: in clear text. */
  tls?: string;
  /** Whether the certificate was valid for the host's name against the CA bundle. */
  certificateVerified?: boolean;
  /** The whole log line, with the receiver's words. */
  line: string;
}

/** What became of one message. */
export interface DeliveryReport {
  attempts: DeliveryAttempt[];
  /** Nothing is left to do for it: every recipient is delivered or has failed. */
  completed: boolean;
}

const states = { "=>": "delivered", "->": "delivered", "==": "deferred", "**": "failed" } as const;

/** Reads Exim's main log (spec.txt chapter 53) for one message. */
export function readMainLog(log: string, id: string): DeliveryReport {
  const lines = log.split("\n").filter((line) => line.split(" ")[2] === id);
  const attempts = lines.flatMap((line): DeliveryAttempt[] => {
    const [, , , mark, recipient] = line.split(" ");
    if (mark === undefined || !(mark in states)) return [];
    const host = / H=(\S+ \[[^\]]+\])/.exec(line)?.[1];
    const tls = / X=(\S+)/.exec(line)?.[1];
    const verified = / CV=(yes|no|dane)/.exec(line)?.[1];
    return [
      {
        state: states[mark as keyof typeof states],
        recipient: recipient ?? "",
        ...(host === undefined ? {} : { host }),
        ...(tls === undefined ? {} : { tls }),
        ...(verified === undefined ? {} : { certificateVerified: verified !== "no" }),
        line,
      },
    ];
  });
  return { attempts, completed: lines.some((line) => line.endsWith(" Completed") || / Completed /.test(line)) };
}

/** One message in the queue. */
export interface QueuedMessage {
  id: string;
  /** Empty for the null sender. */
  sender: string;
  recipients: string[];
  frozen: boolean;
}

/** Reads `exim4 -bp`: a line of age, size, id, <sender>; then recipients, `D` before delivered ones. */
export function readQueue(text: string): QueuedMessage[] {
  return text
    .split(/\n\s*\n/)
    .filter((block) => block.trim() !== "")
    .map((block) => {
      const [first = "", ...rest] = block.trim().split("\n");
      const match = /^\S+\s+\S+\s+(\S+) <([^>]*)>(.*)$/.exec(first.trim());
      if (match === null) throw new Error(`not a line of exim4 -bp: ${first}`);
      const recipients = rest.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("D "));
      return { id: match[1] ?? "", sender: match[2] ?? "", recipients, frozen: /frozen/.test(match[3] ?? "") };
    });
}

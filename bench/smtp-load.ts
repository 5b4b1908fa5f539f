/**
 * Sends messages over several SMTP sessions at once, as fast as the server takes them, and prints what came of it as
 * JSON. Runs in the peer's network namespace: `smtp-load.ts '{"address": ..., ...}'`.
 */
import { connect } from "node:net";
import { createInterface } from "node:readline";

/** What to send, and where. */
export interface Load {
  address: string;
  sessions: number;
  messages: number;
  helo: string;
  from: string;
  to: string;
}

/** What the server said. */
export interface LoadResult {
  /** Milliseconds since 1970 when the first session began; the start of this program is no part of the load. */
  began: number;
  accepted: number;
  /** First words of the server that were no acceptance. */
  refusal?: string;
}

/** About the size of a short letter. */
const body = Array.from({ length: 24 }, (_, line) => `Line ${line} of a plain letter about nothing much at all.`);

async function send({ address, sessions, messages, helo, from, to }: Load): Promise<LoadResult> {
  let next = 0;
  let accepted = 0;
  const began = Date.now();
  const letter = (number: number): string => {
    const id = `${process.pid}-${Date.now()}-${number}`;
    const head = [`From: <${from}>`, `To: <${to}>`, `Subject: letter ${id}`, `Date: ${new Date().toUTCString()}`];
    const mime = [`Message-ID: <${id}@${helo}>`, "MIME-Version: 1.0", "Content-Type: text/plain; charset=us-ascii"];
    return [...head, ...mime, "", ...body, "."].join("\r\n");
  };
  const session = async (): Promise<void> => {
    const socket = connect(25, address);
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    const say = async (text: string | undefined, code: string): Promise<void> => {
      if (text !== undefined) socket.write(`${text}\r\n`);
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`the server hung up after "${(text ?? "connect").split("\r\n")[0]}"`);
        if (value.startsWith(`${code} `)) return;
        if (!value.startsWith(`${code}-`)) throw new Error(value);
      }
    };
    try {
      await say(undefined, "220");
      await say(`EHLO ${helo}`, "250");
      while (next < messages) {
        next += 1;
        const number = next;
        await say(`MAIL FROM:<${from}>`, "250");
        await say(`RCPT TO:<${to}>`, "250");
        await say("DATA", "354");
        await say(letter(number), "250");
        accepted += 1;
      }
      await say("QUIT", "221");
    } finally {
      socket.destroy();
    }
  };
  const results = await Promise.allSettled(Array.from({ length: sessions }, session));
  const failed = results.find((result) => result.status === "rejected");
  return { began, accepted, ...(failed ? { refusal: String(failed.reason) } : {}) };
}

// Imported for its types too.
if (require.main === module) {
  send(JSON.parse(process.argv[2]!) as Load)
    .then((result) => console.log(JSON.stringify(result)))
    .catch((error: Error) => {
      console.error(error.message);
      process.exitCode = 1;
    });
}

import { gtube, letterHead } from "./letters";
import type { Server } from "./servers";

/** https://www.eicar.org/download-anti-malware-testfile/, in two pieces: no scanner shall take this file for one. */
export const eicar = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}", "$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].join("");

/** A signature of our own, in the form that clamd reads (NDB): the content in hexadecimal, at any offset. */
export const signature = (name: string, content: string) => `${name}:0:*:${Buffer.from(content).toString("hex")}\n`;
/** Where the tests put their signatures: there is no way out to fetch real ones. */
export const signatureFile = "/var/lib/clamav/mailstack-test.ndb";
export const eicarSignature = signature("Mailstack.Test.EICAR", eicar);

/** A letter with an attachment, as a mail program makes it. */
export function withFile(from: string, to: string, subject: string, content = eicar): string {
  return [
    ...letterHead(from, to, subject),
    'Content-Type: multipart/mixed; boundary="parts"',
    "",
    "--parts",
    "Content-Type: text/plain; charset=utf-8",
    "",
    "Please find the file below.",
    "--parts",
    'Content-Type: application/octet-stream; name="report.bin"',
    'Content-Disposition: attachment; filename="report.bin"',
    "Content-Transfer-Encoding: base64",
    "",
    Buffer.from(content).toString("base64"),
    "--parts--",
    "",
  ].join("\n");
}

/** Rspamd's own rule looks for it in short messages only (8 KiB); SpamAssassin's in all. */
export const longGtube = `${gtube}\n${"A line of text that is about nothing at all.\n".repeat(250)}`;

/** Puts signatures on the host, for its next start or reload. */
export async function putSignatures(server: Server, text: string): Promise<void> {
  await server.system.must(["sh", "-c", `cat > ${signatureFile} && chmod 0644 ${signatureFile}`], { input: text });
}

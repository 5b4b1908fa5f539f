import type { Server } from "./servers";
import { until } from "./until";

/** Paths of a user's messages, in all folders, that hold this text somewhere. */
export async function filesWith(server: Server, localPart: string, text: string): Promise<string[]> {
  const folder = `/var/vmail/${server.domain}/${localPart}/Maildir`;
  const found = await server.system.exec(["grep", "-rlaF", "--", text, folder]);
  return found.stdout.split("\n").filter((path) => /\/(new|cur)\//.test(path));
}

/** The bytes of the one message with this text as they are stored, once it is there. */
export async function storedBytes(server: Server, localPart: string, text: string): Promise<Buffer> {
  let files: string[] = [];
  await until(`"${text}" is in the mailbox of ${localPart}`, async () => {
    files = await filesWith(server, localPart, text);
    return files.length > 0;
  });
  return Buffer.from(await server.system.must(["base64", "-w0", files[0]!]), "base64");
}

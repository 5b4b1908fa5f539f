/** `remote.CopyToRemote`: a file or a text is put on a host, over SFTP. */
import { readFile } from "node:fs/promises";
import { basename, dirname, posix } from "node:path";
import type { Client, SFTPWrapper } from "ssh2";
import { z } from "zod";
import type { ApiResource, Call, Properties } from "../api-resource";
import { connectionInputs, withSsh } from "./connection";
import { uniqueName } from "./inputs";

/** An asset as the engine sends it; the long key says what the object is (`sdk/go/common/resource/asset`). */
const asset = z.object({
  "4dabf18193072939515e22adb298388d": z.literal("c44067f5952c0a294b673a41bacd8c17", {
    error: "only a FileAsset or a StringAsset is known to this stand-in of the plugin",
  }),
  hash: z.string().optional(),
  path: z.string().optional(),
  text: z.string().optional(),
  uri: z.undefined({ error: "must be a path-based file asset or a text asset" }).optional(),
});
const inputs = z.strictObject({
  connection: connectionInputs,
  source: asset,
  remotePath: z.string(),
  triggers: z.array(z.unknown()).optional(),
});

export const copyToRemoteResource: ApiResource<undefined, Properties> = {
  inputs,
  replaceOn: ["triggers"],
  create: async (_api, given, call) => {
    await copy(given, call);
    return { id: uniqueName(""), outputs: given, inputs: {} };
  },
  read: async (_api, id, old) => {
    if (Object.keys(old.outputs).length === 0) throw new Error("a copy cannot be imported");
    return { id, outputs: old.outputs, inputs: {} };
  },
  update: async (_api, id, given, old, call) => {
    const before = old.outputs as z.infer<typeof inputs>;
    const now = given as z.infer<typeof inputs>;
    if (before.source.hash !== now.source.hash || before.remotePath !== now.remotePath) await copy(given, call);
    return { id, outputs: given, inputs: {} };
  },
  // As in the vendor's plugin the file stays.
  delete: async () => undefined,
};

async function copy(properties: Properties, call: Call): Promise<void> {
  const { connection, source, remotePath } = inputs.parse(properties);
  const content = source.path === undefined ? Buffer.from(source.text ?? "") : await readFile(source.path);
  await withSsh(connection, call, async (client) => {
    const sftp = await opened(client);
    const folder = await isFolder(sftp, remotePath);
    if (folder && source.path === undefined) {
      throw new Error(
        `remote path ${remotePath} is a directory; when using a text asset, remotePath must be a file path`,
      );
    }
    const path = folder ? posix.join(remotePath, basename(source.path!)) : remotePath;
    if (folder === undefined) await makeFolders(sftp, dirname(path));
    await done((answer) => sftp.writeFile(path, content, answer)).catch((error: Error) => {
      throw new Error(`failed to create remote file ${path}: ${error.message}`);
    });
  });
}

function opened(client: Client): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp))));
}

function done(start: (answer: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
}

/** undefined: nothing is there. */
function isFolder(sftp: SFTPWrapper, path: string): Promise<boolean | undefined> {
  /** SSH_FX_NO_SUCH_FILE */
  const absent = 2;
  return new Promise((resolve, reject) => {
    sftp.stat(path, (error, found) => {
      if (!error) resolve(found.isDirectory());
      else if ((error as Error & { code?: number }).code === absent) resolve(undefined);
      else reject(new Error(`failed to stat remote path ${path}: ${error.message}`));
    });
  });
}

async function makeFolders(sftp: SFTPWrapper, path: string): Promise<void> {
  const found = await isFolder(sftp, path);
  if (found) return;
  if (found === false) throw new Error(`remote path ${path} exists but is not a directory`);
  await makeFolders(sftp, dirname(path));
  await done((answer) => sftp.mkdir(path, answer)).catch((error: Error) => {
    throw new Error(`failed to create parent directories for ${path}: ${error.message}`);
  });
}

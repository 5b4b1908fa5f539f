import { execa } from "execa";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Somebody with a certificate for mail, who signs as mail programs do (RFC 8551). */
export interface Signer {
  /** Headers of MIME and a body: `clear` for all to read with the signature beside it, `opaque` inside of it. */
  sign(form: "clear" | "opaque", content: string): Promise<string>;
  /** What was signed, if the signature of a whole message is right. Throws when it is not. */
  verified(message: string): Promise<string>;
  forget(): Promise<void>;
}

/** Makes a key and a certificate in a folder of their own. */
export async function signer(name: string): Promise<Signer> {
  const folder = await mkdtemp(join(tmpdir(), "smime-"));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"];
  const names = ["-subj", `/CN=${name}`, "-addext", "extendedKeyUsage=emailProtection"];
  await execa("openssl", ["req", "-x509", ...kind, ...names, "-keyout", key, "-out", certificate]);
  return {
    sign: async (form, content) => {
      const how = ["-signer", certificate, "-inkey", key, "-md", "sha256", ...(form === "opaque" ? ["-nodetach"] : [])];
      const { stdout } = await execa("openssl", ["cms", "-sign", ...how], { input: content, stripFinalNewline: false });
      return stdout;
    },
    verified: async (message) => {
      const path = join(folder, "message");
      await writeFile(path, message, "latin1");
      const { stdout } = await execa("openssl", ["cms", "-verify", "-CAfile", certificate, "-in", path], {
        stripFinalNewline: false,
      });
      return stdout;
    },
    forget: () => rm(folder, { recursive: true }),
  };
}

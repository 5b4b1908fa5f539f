import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../places";

/** The key that signs the local root zone. */
export interface RootKey {
  /** DNSKEY record in presentation form, the trust anchor of every host. */
  anchor: string;
  /** BIND's private key format v1.2, for the name server. */
  privateKey: string;
}

/** Key signing key, protocol 3, ECDSA P-256 with SHA-256 (RFC 4034 section 2.1, RFC 6605 section 4). */
const parameters = "257 3 13";

/** The root key of this machine's local clouds; made at the first call, since the images carry its anchor. */
export function rootKey(): RootKey {
  const folder = join(cacheFolder, "dns");
  const file = join(folder, "root-key.json");
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const jwk = privateKey.export({ format: "jwk" });
    const bytes = (text: string | undefined) => Buffer.from(text ?? "", "base64url");
    const point = Buffer.concat([bytes(jwk.x), bytes(jwk.y)]).toString("base64");
    const key: RootKey = {
      anchor: `. 86400 IN DNSKEY ${parameters} ${point}`,
      privateKey: `Private-key-format: v1.2\nAlgorithm: 13 (ECDSAP256SHA256)\nPrivateKey: ${bytes(jwk.d).toString("base64")}\n`,
    };
    writeFileSync(`${file}.new`, JSON.stringify(key), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return JSON.parse(readFileSync(file, "utf8")) as RootKey;
}

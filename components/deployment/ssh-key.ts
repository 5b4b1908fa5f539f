import { createHash, createPrivateKey, createPublicKey, hkdfSync } from "node:crypto";

/** An ed25519 key in the text forms that OpenSSH and cloud-init take. */
export interface SshKey {
  /** `ssh-ed25519 AAAA...` without a comment. */
  publicKey: string;
  /** `-----BEGIN OPENSSH PRIVATE KEY-----`, not encrypted. */
  privateKey: string;
}

/** PKCS #8 header of an ed25519 private key; the 32 bytes of the seed follow (RFC 8410, section 10.3). */
const pkcs8Header = Buffer.from("302e020100300506032b657004220420", "hex");
/** Block size of the "none" cipher in the openssh-key-v1 format (OpenSSH, PROTOCOL.key). */
const blockSize = 8;

/** 43 letters and digits hold the 256 bits that an ed25519 seed has. */
const shortestSecret = 43;

/**
 * Derives a key from a random text of letters and digits. The same secret always gives the same text, so that a second
 * `up` sees no change; libraries put random check bytes into the private key, which would change it at every run.
 * @throws Error when the secret is too short to hold a key's worth of randomness.
 */
export function deriveSshKey(secret: string): SshKey {
  if (secret.length < shortestSecret)
    throw new Error(
      `the secret of an SSH key has at least ${shortestSecret} characters, this one has ${secret.length}`,
    );
  const seed = Buffer.from(hkdfSync("sha256", secret, "", "mailstack ed25519", 32));
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Header, seed]), format: "der", type: "pkcs8" });
  const point = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
  const publicBlob = Buffer.concat([field("ssh-ed25519"), field(point)]);
  const check = createHash("sha256").update("check").update(point).digest().subarray(0, 4);
  const privatePart = Buffer.concat([check, check, publicBlob, field(Buffer.concat([seed, point])), field("")]);
  const padding = Buffer.from(
    Array.from({ length: (blockSize - (privatePart.length % blockSize)) % blockSize }, (_, i) => i + 1),
  );
  const one = Buffer.from([0, 0, 0, 1]);
  const blob = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    field("none"),
    field("none"),
    field(""),
    one,
    field(publicBlob),
    field(Buffer.concat([privatePart, padding])),
  ]);
  const lines = blob.toString("base64").match(/.{1,70}/g) ?? [];
  return {
    publicKey: `ssh-ed25519 ${publicBlob.toString("base64")}`,
    privateKey: ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n"),
  };
}

/** SSH `string`: a length of four bytes, then the bytes (RFC 4251, section 5). */
function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

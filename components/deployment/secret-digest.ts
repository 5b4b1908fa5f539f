import { createHmac } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/**
 * A text that changes with a secret and tells nothing about it, so that it may be read by everybody. Keyed: without the key
 * nobody can try guesses, however short the secret is.
 * @param key - Secret, known to the program only.
 */
export function secretDigest(key: pulumi.Output<string>, secret: pulumi.Output<string>): pulumi.Output<string> {
  const digest = pulumi
    .all([key, secret])
    .apply(([keyText, text]) => createHmac("sha256", keyText).update(text).digest("hex").slice(0, 32));
  return pulumi.unsecret(digest);
}

/**
 * The digests of some secrets.
 * @throws Error for a secret that the host does not have: its bundle could not be applied.
 */
export function pickDigests<T>(names: string[], known: Readonly<Record<string, T>>): T[] {
  return names.map((name) => {
    const digest = known[name];
    if (digest === undefined) throw new Error(`a bundle names the secret "${name}", which its host does not have`);
    return digest;
  });
}

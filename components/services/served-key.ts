/** Name of the bundle's output that holds the digest of the key that is served. */
const output = "served key";

/**
 * SHA-256 of the certificate's public key, hexadecimal: what a TLSA record 3 1 1 holds (RFC 6698, section 2.1). A
 * failure anywhere in it is one of all: the digest of nothing would look like any other.
 */
export function servedKeyOutputs(chain: string): Record<string, string[]> {
  const digest = `openssl x509 -noout -pubkey -in ${chain} | openssl pkey -pubin -outform DER | sha256sum`;
  return { [output]: ["bash", "-o", "pipefail", "-ec", `${digest} | cut -d " " -f 1`] };
}

/** @throws Error when the host did not tell: a wrong record would stop mail. */
export function servedKeyOf(results: Record<string, string>): string {
  const digest = (results[output] ?? "").trim();
  if (/^[0-9a-f]{64}$/.test(digest)) return digest;
  throw new Error("the host returned no digest of its key; run: mailstack apply certificate");
}

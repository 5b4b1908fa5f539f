import assert from "node:assert/strict";
import type { Server } from "./servers";

/** Every port that speaks TLS, and how. */
export const tlsPorts: [port: number, starttls: string | undefined][] = [
  [25, "smtp"],
  [587, "smtp"],
  [465, undefined],
  [993, undefined],
  [995, undefined],
  [443, undefined],
];

/** One handshake of OpenSSL's client with the host, by the host's name or another one. */
export function handshake(
  server: Server,
  [port, starttls]: [number, string | undefined],
  options: string[] = [],
  name = server.hostname,
) {
  return server.inCloud([
    ...["openssl", "s_client", "-connect", `${server.ipv4}:${port}`, "-servername", name, "-verify_hostname", name],
    ...(starttls ? ["-starttls", starttls] : []),
    ...options,
  ]);
}

/** What `openssl x509` says about the certificate of a port. */
export async function served(server: Server, port: [number, string | undefined], ...words: string[]): Promise<string> {
  const talk = await handshake(server, port);
  const certificate = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(talk.stdout)?.[0];
  assert.ok(certificate, `no certificate on port ${port[0]}: ${talk.stderr.slice(-400)}`);
  return (await server.inCloud(["openssl", "x509", "-noout", ...words], certificate)).stdout.trim();
}

/** The serial number that every port serves. @throws AssertionError when they differ. */
export async function servedSerial(server: Server): Promise<string> {
  const serials = new Map<string, number>();
  for (const port of tlsPorts) serials.set(await served(server, port, "-serial"), port[0]);
  assert.equal(serials.size, 1, `ports serve different certificates: ${JSON.stringify([...serials])}`);
  return [...serials.keys()][0]!;
}

/** The certificate of a port is trusted and good for a name. */
export async function assertValid(server: Server, port: [number, string | undefined], name: string): Promise<void> {
  const talk = await handshake(server, port, ["-CAfile", server.trustFile, "-verify_return_error"], name);
  assert.match(talk.stdout, /Verify return code: 0 \(ok\)/, talk.stdout.slice(-600) + talk.stderr.slice(-600));
}

/** Renews whatever certbot has, although nothing ends soon. */
export async function forceRenewal(server: Server): Promise<void> {
  const renew = ["certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew"];
  await server.system.must(renew, { timeout: 180_000 });
}

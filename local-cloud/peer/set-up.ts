import { createHash, X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Hosts, Zones } from "../contracts";
import { defaultPeer, PeerIdentity } from "./identity";
import { peerImage } from "./image";
import { Peer } from "./peer";
import { type PeerKeys, peerRecords, strangers, unsignedRecords } from "./records";

/** A server certificate and its key, PEM; the certificate with the chain that the clients need. */
export interface Certificate {
  certificate: string;
  key: string;
}

/** What a peer needs of the cloud. */
export interface PeerSurroundings {
  /** Name of the cloud. */
  cloud: string;
  hosts: Hosts;
  zones: Zones;
  /**
   * A certificate of the cloud's CA for these names. Asked at each set-up: give the same one while it is valid, otherwise
   * Exim restarts.
   */
  certificateFor: (names: string[]) => Promise<Certificate>;
  /**
   * Root certificates (PEM) that the peer trusts besides those of its image when it delivers: that of a test CA which is
   * a new one at each start.
   */
  authorities?: string;
  /** Image made with `peerImageScript()`; default {@link peerImage}`.name`. */
  image?: string;
  /** For further peers. */
  identity?: PeerIdentity;
  /** Milliseconds until the booted system must answer; default 60 000. */
  timeout?: number;
}

/** Memory of the peer, MiB: Exim, OpenDKIM and OpenDMARC with messages of 100 MB. */
const memoryMiB = 1024;

async function systemReady(peer: Peer, timeout: number): Promise<void> {
  const end = Date.now() + timeout;
  for (;;) {
    // `degraded` is ready too: units of the base image that this peer does not use may fail.
    const state = await peer.exec(["systemctl", "is-system-running"]).then(
      (result) => result.stdout.trim(),
      (error: Error) => error.message,
    );
    if (state === "running" || state === "degraded") return;
    if (Date.now() > end) throw new Error(`the peer's system is not up after ${timeout / 1000} s: ${state}`);
    await sleep(100);
  }
}

/**
 * Boots a peer unless it runs, configures it and publishes its DNS. Doing it again changes nothing.
 * Rejects with the failing program's words.
 */
export async function setUpPeer(surroundings: PeerSurroundings): Promise<Peer> {
  const { cloud, hosts, zones, certificateFor } = surroundings;
  const identity = surroundings.identity ?? defaultPeer;
  const peer = new Peer(cloud, identity);
  if (!(await hosts.isRunning(identity.host))) {
    await hosts.boot({
      name: identity.host,
      image: surroundings.image ?? peerImage.name,
      address: identity.address,
      address6: identity.address6,
      hostname: identity.hostname,
      memoryMiB,
      authorizedKeys: [],
    });
  }
  const [tls] = await Promise.all([
    certificateFor([identity.hostname]),
    systemReady(peer, surroundings.timeout ?? 60_000),
  ]);
  const { certificate, key } = tls;
  const settings = { ...identity, certificate, key, authorities: surroundings.authorities ?? "" };
  const answer = await peer.system.must(["/usr/local/lib/peer/configure.py"], { input: JSON.stringify(settings) });
  const { dkimPublicKey } = JSON.parse(answer) as { dkimPublicKey: string };
  const spki = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  await publish(zones, identity, { dkim: dkimPublicKey, tls: createHash("sha256").update(spki).digest("hex") });
  return peer;
}

async function publish(zones: Zones, identity: PeerIdentity, keys: PeerKeys): Promise<void> {
  await zones.create(identity.domain, { signed: true });
  for (const records of peerRecords(keys, identity)) await zones.replace(identity.domain, records);
  const unsigned = strangers.unsigned(identity.domain);
  await zones.create(unsigned);
  for (const records of unsignedRecords(identity)) await zones.replace(unsigned, records);
  for (const address of [identity.address, identity.address6])
    if (address) await zones.pointer(address, identity.hostname);
}

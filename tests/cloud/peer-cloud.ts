/** A cloud with two peers that judge each other. */
import { join } from "node:path";
import { startCloud, stopCloud } from "../../local-cloud/cloud/lifecycle";
import { Zones } from "../../local-cloud/contracts";
import { BootedHosts } from "../../local-cloud/hosts";
import { certificateFor } from "../../local-cloud/images";
import { PeerIdentity } from "../../local-cloud/peer/identity";
import { Peer } from "../../local-cloud/peer/peer";
import { setUpPeer } from "../../local-cloud/peer/set-up";
import { stateFolder } from "../../local-cloud/places";
import { CloudZones } from "./peer-zones";

/** Not the cloud that a user of this machine may have up. */
const cloud = "peertest";

/** The second peer. Named like a rented host, so that the cloud's own cleaning finds it after a killed test. */
export const otherPeer: PeerIdentity = {
  host: "linode-other",
  domain: "other.example",
  hostname: "mail.other.example",
  address: "198.51.100.11",
  selector: "peer1",
};

export interface TwoPeers {
  /** The one that every cloud has. */
  peer: Peer;
  other: Peer;
  zones: Zones;
  /** Sets the second peer up again. */
  again(): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts the cloud and both peers; all of it is gone after `stop`. */
export async function startPeers(): Promise<TwoPeers> {
  const log = (line: string): void => console.error(line);
  // What a killed test left.
  await stopCloud(cloud, { purge: true });
  await startCloud(cloud, log);
  const zones = new CloudZones(cloud);
  const stop = (): Promise<void> => {
    zones.close();
    return stopCloud(cloud, { purge: true });
  };
  try {
    const surroundings = {
      cloud,
      hosts: new BootedHosts(cloud, log),
      zones,
      identity: otherPeer,
      certificateFor: async (names: string[]) => {
        const { cert, key } = await certificateFor(join(stateFolder(cloud), "certificates"), names);
        return { certificate: cert, key };
      },
    };
    const other = await setUpPeer(surroundings);
    return { peer: new Peer(cloud), other, zones, again: () => setUpPeer(surroundings), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

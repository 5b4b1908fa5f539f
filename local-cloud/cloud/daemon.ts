/**
 * The cloud itself: one process in the cloud's network namespace, started by lifecycle.ts. Usage: daemon.ts SETTINGS
 * (JSON, see {@link DaemonSettings}). Ends with 1 and one line on standard error when a part does not start.
 */
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { hostsToBoot, startApis } from "../api";
import { addresses } from "../contracts";
import { BootedHosts } from "../hosts";
import { certificateFor, crossSign, ensureImage, rootCertificate } from "../images";
import { setUpPeer } from "../peer/set-up";
import { runFolder, stateFolder } from "../places";
import { S3Server } from "./object-store";
import { acmeUpstream, startAcme, startAptCache, startDns, until } from "./services";
import type { PowerDns } from "./zones";

/** Where apt on every host finds the cache. */
const aptProxyPort = 3142;

/** What the daemon is told. */
export interface DaemonSettings {
  cloud: string;
  /** This machine's end of the uplink, where the apt cache listens. */
  aptCacheAddress: string;
  /** Port of the cache there. */
  aptCachePort: number;
  /** Domains that the emulated Cloudflare account holds. */
  domains: string[];
}

const names = ["api.linode.com", "api.cloudflare.com", "acme-v02.api.letsencrypt.org"];

async function main(settings: DaemonSettings): Promise<void> {
  const { cloud } = settings;
  const state = stateFolder(cloud);
  mkdirSync(state, { recursive: true, mode: 0o700 });
  mkdirSync(runFolder(cloud), { recursive: true, mode: 0o700 });
  const log = (line: string) => appendFileSync(join(state, "daemon.log"), `${new Date().toISOString()} ${line}\n`);
  const services = await ensureImage("services", log);
  const objects = new S3Server(cloud, await ensureImage("objects", log), log);

  const [zones, acmeRoot] = await Promise.all([
    startDns(cloud, services, log),
    startAcme(cloud, services, log),
    startAptCache(cloud, services, settings, log),
  ]);
  // The only way out of the cloud: one TCP port to the apt cache.
  relay([aptProxyPort, addresses.aptProxy], [settings.aptCachePort, settings.aptCacheAddress]);
  relay([443, addresses.apis6], [443, addresses.apis]);
  relay([443, addresses.objects6], [443, addresses.objects]);
  await until("the cache of Debian packages", async () => {
    const answer = await fetch(`http://${addresses.aptProxy}:${aptProxyPort}/`);
    if (!(await answer.text()).includes("Apt-Cacher NG")) throw new Error("another program answers at its port");
  });
  await publishApis(zones);

  const hosts = new BootedHosts(cloud, log);
  const stateFile = join(state, "api.json");
  await Promise.all(hostsToBoot(stateFile).map((spec) => hosts.boot(spec)));
  await startApis({
    hosts,
    zones,
    objects,
    stateFile,
    certificateFor: (wanted) => certificateFor(join(state, "certificates"), wanted),
    acmeUpstream,
    acmeCrossSigned: await crossSign(acmeRoot, join(state, "acme")),
    cloudflareZones: settings.domains,
    log,
  });
  await setUpPeer({
    cloud,
    hosts,
    zones,
    certificateFor: async (wanted) => {
      const made = await certificateFor(join(state, "certificates"), wanted);
      return { certificate: made.cert, key: made.key };
    },
    authorities: acmeRoot,
  });
  const machineRoots = readFileSync("/etc/ssl/certs/ca-certificates.crt", "utf8");
  const trust = [readFileSync(rootCertificate, "utf8"), acmeRoot, machineRoots].join("\n");
  writeFileSync(join(runFolder(cloud), "trust.pem"), trust);
  const ready = join(runFolder(cloud), "ready.json");
  writeFileSync(`${ready}.new`, JSON.stringify({ pid: process.pid, ...settings }));
  renameSync(`${ready}.new`, ready);
  log("ready");
}

async function publishApis(zones: PowerDns): Promise<void> {
  const { apis, apis6, objects, objects6 } = addresses;
  const places: [name: string, ipv4: string, ipv6: string][] = [
    ...names.map((name): [string, string, string] => [name, apis, apis6]),
    // Every endpoint, and every bucket below it.
    ["*.linodeobjects.com", objects, objects6],
  ];
  for (const [name, ipv4, ipv6] of places) {
    const zone = name.split(".").slice(-2).join(".");
    await zones.create(zone);
    await zones.replace(zone, { name, type: "A", ttl: 300, contents: [ipv4] });
    await zones.replace(zone, { name, type: "AAAA", ttl: 300, contents: [ipv6] });
  }
}

type Place = [port: number, address: string];

/** Passes connections on. */
function relay(from: Place, to: Place): void {
  createServer((client) => {
    const server = connect(...to);
    client.pipe(server).pipe(client);
    for (const [end, other] of [
      [client, server],
      [server, client],
    ] as const)
      end.on("error", () => other.destroy());
  }).listen(...from);
}

main(JSON.parse(process.argv[2] ?? "{}") as DaemonSettings).catch((error: Error) => {
  console.error(error.stack);
  process.exit(1);
});

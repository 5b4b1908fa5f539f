import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { addresses } from "../contracts";
import { certificateFor, rootCertificate } from "../images";
import { must } from "../images/command";
import { cacheFolder, cloudNamespace, stateFolder } from "../places";
import { startService } from "./service-process";
import { PowerDns } from "./zones";

const dnsApiPort = 8081;
/** The DNS server's HTTP API, from inside the cloud's network namespace. */
export const dnsApi = `http://127.0.0.1:${dnsApiPort}`;
/** Pebble's own addresses; the emulated ACME name is in front of the first. */
export const acmeUpstream = "https://127.0.0.1:14000";
/** The machine's own network, as an open file that lifecycle.ts hands over: this process lives in the cloud's. */
export const machineNetwork = 3;
const pebbleManagement = "127.0.0.1:15000";

/** Starts the authoritative DNS and fills in the root and the top-level zones. */
export async function startDns(cloud: string, image: string, failed: (line: string) => void): Promise<PowerDns> {
  const state = join(stateFolder(cloud), "dns");
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const key = secret(join(state, "api-key"));
  if (!existsSync(join(state, "zones.sqlite"))) {
    const schema = readFileSync(join(image, "usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"), "utf8");
    const script =
      'mount --make-rprivate / && mount --bind "$STATE" "$IMAGE/srv" && chroot "$IMAGE" sqlite3 -bail /srv/zones.sqlite';
    await must(["unshare", "--mount", "sh", "-euc", script], { input: schema, env: { STATE: state, IMAGE: image } });
  }
  const config = [
    "launch=gsqlite3",
    "gsqlite3-database=/srv/zones.sqlite",
    "gsqlite3-dnssec=yes",
    `local-address=${addresses.dns}, ${addresses.dns6}`,
    "api=yes",
    `api-key=${key}`,
    "webserver=yes",
    "webserver-address=127.0.0.1",
    `webserver-port=${dnsApiPort}`,
    // Answers must follow the API at once.
    "cache-ttl=0",
    "query-cache-ttl=0",
    "negquery-cache-ttl=0",
    "zone-cache-refresh-interval=0",
    "zone-metadata-cache-ttl=0",
    "domain-metadata-cache-ttl=0",
    "dnssec-key-cache-ttl=0",
    "disable-syslog=yes",
    "",
  ].join("\n");
  writeFileSync(join(state, "pdns.conf"), config, { mode: 0o600 });
  const command = ["/usr/sbin/pdns_server", "--config-dir=/srv", "--daemon=no", "--guardian=no", "--socket-dir=/srv"];
  startService(image, { name: "pdns", command, state, network: networkOf(cloud) }, failed);
  const zones = new PowerDns(cloud, dnsApi, key);
  await until("the DNS server", () => zones.connect());
  await zones.plant();
  return zones;
}

/** Starts Pebble. @returns its root certificate, which is a new one at every start. */
export async function startAcme(cloud: string, image: string, failed: (line: string) => void): Promise<string> {
  const state = join(stateFolder(cloud), "acme");
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const own = await certificateFor(state, ["127.0.0.1"]);
  writeFileSync(join(state, "pebble.crt"), own.cert);
  writeFileSync(join(state, "pebble.key"), own.key, { mode: 0o600 });
  const pebble = {
    listenAddress: new URL(acmeUpstream).host,
    managementListenAddress: pebbleManagement,
    certificate: "/srv/pebble.crt",
    privateKey: "/srv/pebble.key",
    httpPort: 80,
    tlsPort: 443,
    ocspResponderURL: "",
    externalAccountBindingRequired: false,
  };
  writeFileSync(join(state, "pebble.json"), JSON.stringify({ pebble }));
  const command = ["/usr/bin/pebble", "-config", "/srv/pebble.json", "-dnsserver", `${addresses.dns}:53`];
  // Pebble waits at random, refuses good nonces and takes names for verified that it knew before, to try out clients;
  // here it should be as quick as Let's Encrypt, and look at each name anew.
  const env = { PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "0", PEBBLE_AUTHZREUSE: "0" };
  startService(image, { name: "pebble", command, state, env, network: networkOf(cloud) }, failed);
  let root = "";
  await until("the certificate authority", async () => {
    root = await must(["curl", "-sSf", "--cacert", rootCertificate, `https://${pebbleManagement}/roots/0`]);
  });
  return root;
}

/** Starts the cache of Debian packages on the machine's side of the uplink. */
export async function startAptCache(
  cloud: string,
  image: string,
  listen: { aptCacheAddress: string; aptCachePort: number },
  failed: (line: string) => void,
): Promise<void> {
  const state = join(cacheFolder, "apt", cloud);
  for (const folder of ["cache", "log", "settings"]) mkdirSync(join(state, folder), { recursive: true });
  const archive = (name: string) => `Remap-${name}: deb.debian.org/${name} /${name} ; deb.debian.org/${name}`;
  const settings = [
    "CacheDir: /srv/cache",
    "LogDir: /srv/log",
    "SupportDir: /usr/lib/apt-cacher-ng",
    "PidFile: /run/apt-cacher-ng.pid",
    "SocketPath: /run/apt-cacher-ng.socket",
    `BindAddress: ${listen.aptCacheAddress}`,
    `Port: ${listen.aptCachePort}`,
    "ForeGround: 1",
    "ReportPage: acng-report.html",
    archive("debian"),
    archive("debian-security"),
    // Without it, this proxy would fetch from any site of the internet.
    "ForceManaged: 1",
    "",
  ];
  writeFileSync(join(state, "settings/acng.conf"), settings.join("\n"));
  const command = ["/usr/sbin/apt-cacher-ng", "-c", "/srv/settings"];
  startService(image, { name: "apt-cacher-ng", command, state, network: machineNetwork }, failed);
}

function networkOf(cloud: string): string {
  return `/run/netns/${cloudNamespace(cloud)}`;
}

function secret(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(16).toString("hex"), { mode: 0o600 });
  return readFileSync(file, "utf8");
}

/** @throws Error with the last failure after 20 s. */
export async function until(what: string, attempt: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (tries === 100) throw new Error(`${what} does not answer: ${(error as Error).message}`, { cause: error });
      await sleep(200);
    }
  }
}

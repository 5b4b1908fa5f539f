import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { alone } from "../alone";
import { ControlGroup } from "../hosts/cgroup";
import { releaseSwap } from "../hosts";
import { allowManyHosts } from "../hosts/inotify";
import { Volumes } from "../hosts/volumes";
import { attempt } from "../images/command";
import { ensureImage } from "../images";
import { cloudNamespace, runFolder, stateFolder } from "../places";
import type { DaemonSettings } from "./daemon";
import { makeNetwork, removeNetwork } from "./network";

/** A domain for each system under test, and one more; one account. */
const defaultDomains = ["ementech.co.ke", "second.example", "third.example", "moving.example", "backed.example"];

/** Seconds from the start of the daemon until all of the cloud answers. */
const readySeconds = 180;

/** Another run may be building images, which takes minutes on a new machine. */
const patienceSeconds = 600;

/** State of a cloud. */
export interface CloudStatus {
  running: boolean;
  settings?: DaemonSettings & { pid: number };
}

/**
 * Starts a cloud, or finds it running. What a killed run left behind is cleaned first; disks and zones are kept.
 * @throws Error when it does not start; the daemon's last words are in it.
 */
export async function startCloud(cloud: string, progress: (line: string) => void): Promise<void> {
  requireName(cloud);
  await locked(cloud, progress, async () => {
    if (cloudStatus(cloud).running) return;
    await clean(cloud);
    // Two at a time, which is what the smallest machine has processors for. Those of one release one after the other:
    // they share a cache of packages.
    const bookworm = async () => {
      for (const image of ["debian12", "services", "objects", "peer"]) await ensureImage(image, progress);
    };
    await Promise.all([bookworm(), ensureImage("debian13", progress)]);
    progress(`starting the cloud "${cloud}"`);
    allowManyHosts(progress);
    const uplink = await makeNetwork(cloud);
    const settings: DaemonSettings = {
      cloud,
      aptCacheAddress: uplink.machineAddress,
      aptCachePort: uplink.port,
      domains: defaultDomains,
    };
    await untilReady(cloud, startDaemon(settings));
  });
}

/**
 * Ends everything of a cloud: processes, mounts, namespaces, control groups, links. Also after a killed run.
 * @param purge - Removes its disks, zones, API state and stacks too.
 */
export async function stopCloud(cloud: string, { purge }: { purge: boolean }): Promise<void> {
  requireName(cloud);
  await locked(
    cloud,
    () => undefined,
    async () => {
      await clean(cloud);
      if (purge) rmSync(stateFolder(cloud), { recursive: true, force: true });
    },
  );
}

export function cloudStatus(cloud: string): CloudStatus {
  const ready = join(runFolder(cloud), "ready.json");
  if (!existsSync(ready)) return { running: false };
  const settings = JSON.parse(readFileSync(ready, "utf8")) as DaemonSettings & { pid: number };
  // A process id alone may be somebody else's by now.
  return { running: daemonGroup(cloud).members().includes(settings.pid), settings };
}

/** Names of the clouds that this machine has state or processes of. */
export function cloudNames(): string[] {
  const root = join(stateFolder("x"), "..");
  return existsSync(root) ? readdirSync(root) : [];
}

/** Words before a command line that run it inside the cloud, with the cloud's resolver. */
export function inCloud(cloud: string, command: string[]): string[] {
  return ["ip", "netns", "exec", cloudNamespace(cloud), ...command];
}

/** File with every root certificate that a client inside the cloud trusts. */
export function trustFile(cloud: string): string {
  return join(runFolder(cloud), "trust.pem");
}

/** Environment of a client inside the cloud. */
export function cloudEnvironment(cloud: string): Record<string, string> {
  const file = trustFile(cloud);
  // The last one for curl, which lets it win over the first where a machine sets it.
  return { SSL_CERT_FILE: file, NODE_EXTRA_CA_CERTS: file, CURL_CA_BUNDLE: file };
}

function startDaemon(settings: DaemonSettings): ChildProcess {
  const { cloud } = settings;
  mkdirSync(stateFolder(cloud), { recursive: true, mode: 0o700 });
  const group = daemonGroup(cloud);
  group.create();
  const log = openSync(daemonLog(cloud), "w", 0o600);
  // The apt cache needs this machine's network, which the daemon leaves; descriptor 3 there.
  const machineNetwork = openSync("/proc/self/ns/net", "r");
  const node = [process.execPath, "--conditions=import", "--import", "tsx", join(__dirname, "daemon.ts")];
  const script = `${group.enter}; exec nsenter --net=/run/netns/${cloudNamespace(cloud)} "$@"`;
  const child = spawn("sh", ["-c", script, "cloud", ...node, JSON.stringify(settings)], {
    detached: true,
    stdio: ["ignore", log, log, machineNetwork],
    cwd: join(__dirname, "../.."),
  });
  child.unref();
  closeSync(log);
  closeSync(machineNetwork);
  return child;
}

async function untilReady(cloud: string, daemon: ChildProcess): Promise<void> {
  for (let waited = 0; waited < readySeconds * 5; waited += 1) {
    if (cloudStatus(cloud).running) return;
    await sleep(200);
    if (daemon.exitCode !== null) break;
  }
  const words = readFileSync(daemonLog(cloud), "utf8").trim().split("\n").slice(-12).join("\n");
  throw new Error(`the cloud "${cloud}" did not start; ${daemonLog(cloud)} says:\n${words}`);
}

async function clean(cloud: string): Promise<void> {
  await new ControlGroup(`mailstack-${cloud}`).end();
  const hosts = join(stateFolder(cloud), "hosts");
  for (const host of existsSync(hosts) ? readdirSync(hosts) : []) await releaseSwap(join(hosts, host));
  await new Volumes(cloud).releaseAll();
  const namespaces = readdirSync("/run", { withFileTypes: true }).some((entry) => entry.name === "netns")
    ? readdirSync("/run/netns")
    : [];
  for (const name of namespaces.filter(
    (one) => one.startsWith(`${cloudNamespace(cloud)}-linode-`) || one === `${cloudNamespace(cloud)}-peer`,
  ))
    await attempt(["ip", "netns", "delete", name]);
  await removeNetwork(cloud);
  rmSync(runFolder(cloud), { recursive: true, force: true });
}

function daemonGroup(cloud: string): ControlGroup {
  return new ControlGroup(`mailstack-${cloud}/daemon`);
}

function daemonLog(cloud: string): string {
  return join(stateFolder(cloud), "daemon.err");
}

/** @throws Error when this can be no cloud's name. */
export function requireName(cloud: string): void {
  if (!/^[a-z][a-z0-9]{0,9}$/.test(cloud))
    throw new Error(`"${cloud}" is no name for a cloud; use 1 to 10 letters and digits, beginning with a letter`);
}

function locked<T>(cloud: string, progress: (line: string) => void, work: () => Promise<T>): Promise<T> {
  const doing = `starting or ending the cloud "${cloud}"`;
  // Not in the folder: the work may remove that.
  const lockFile = `/run/mailstack-${cloud}.lock`;
  return alone({ folder: stateFolder(cloud), lockFile, doing, patienceSeconds, progress }, work);
}

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:net";
import { execa } from "execa";
import { addresses } from "../contracts";
import { attempt, must } from "../images/command";
import { cloudNamespace } from "../places";

/** The link from the cloud to the apt cache on this machine: a /30 of its own for each cloud. */
export interface Uplink {
  machineAddress: string;
  cloudAddress: string;
  /** Port of the apt cache at the machine's address. */
  port: number;
  /** Interface on the machine's side. */
  device: string;
}

/** 192.168.0.0/16 and 10.0.0.0/8 are likely to be in use on a workstation; 100.64.0.0/10 is for carriers (RFC 6598). */
const uplinkPrefix = "100.127";

/** What apt-cacher-ng listens on everywhere; so may one of this machine's own. */
const usualPort = 3142;

/** Makes the cloud's network namespace: no default route, so nothing in it reaches beyond this machine. */
export async function makeNetwork(cloud: string): Promise<Uplink> {
  const namespace = cloudNamespace(cloud);
  nameService(namespace);
  await must(["ip", "netns", "add", namespace]);
  const inside = (...words: string[]) => must(["ip", "-n", namespace, ...words]);
  await inside("link", "set", "lo", "up");
  for (const address of [addresses.gateway, addresses.dns, addresses.apis, addresses.aptProxy, addresses.objects])
    await inside("address", "add", `${address}/32`, "dev", "lo");
  for (const address of [addresses.gateway6, addresses.dns6, addresses.apis6, addresses.objects6])
    await inside("address", "add", `${address}/128`, "dev", "lo");
  for (const switch_ of ["ipv4/ip_forward", "ipv6/conf/all/forwarding"])
    await must(["ip", "netns", "exec", namespace, "sh", "-c", `echo 1 > /proc/sys/net/${switch_}`]);
  return makeUplink(namespace);
}

/** Removes the namespace with all links in it; what is gone already is fine. */
export async function removeNetwork(cloud: string): Promise<void> {
  const namespace = cloudNamespace(cloud);
  // By name: links of a namespace go away with it, but some time later.
  await attempt(["ip", "-n", namespace, "link", "delete", "uplink"]);
  await attempt(["ip", "netns", "delete", namespace]);
  rmSync(`/etc/netns/${namespace}`, { recursive: true, force: true });
}

/** How names are looked up inside: `ip netns exec` puts these files over those of this machine. */
function nameService(namespace: string): void {
  const folder = `/etc/netns/${namespace}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/resolv.conf`, `nameserver ${addresses.dns}\n`);
  // Where systemd-resolved is asked before the resolver's file, the answers would be those of the machine's internet.
  if (!existsSync("/etc/nsswitch.conf")) return;
  const switches = readFileSync("/etc/nsswitch.conf", "utf8").replace(/^hosts:.*$/m, "hosts: files dns");
  writeFileSync(`${folder}/nsswitch.conf`, switches);
}

async function makeUplink(namespace: string): Promise<Uplink> {
  const taken = new Set(readdirSync("/sys/class/net"));
  for (let number = 0; number < 64; number += 1) {
    const device = `msup${number}`;
    if (taken.has(device)) continue;
    const base = `${uplinkPrefix}.${number}`;
    const ends = { device, machineAddress: `${base}.1`, cloudAddress: `${base}.2` };
    const add = ["link", "add", device, "type", "veth", "peer", "name", "uplink", "netns", namespace];
    const added = await execa("ip", add, { reject: false });
    // Another cloud that starts at the same moment may have taken it.
    if (added.exitCode !== 0 && added.stderr.includes("File exists")) continue;
    if (added.exitCode !== 0) throw new Error(`ip ${add.join(" ")}: ${added.stderr}`);
    await must(["ip", "address", "add", `${ends.machineAddress}/30`, "dev", device]);
    await must(["ip", "link", "set", device, "up"]);
    await must(["ip", "-n", namespace, "address", "add", `${ends.cloudAddress}/30`, "dev", "uplink"]);
    await must(["ip", "-n", namespace, "link", "set", "uplink", "up"]);
    const uplink = { ...ends, port: await freePort(ends.machineAddress) };
    await must(["ip", "netns", "exec", namespace, "nft", "-f", "-"], { input: uplinkFilter(uplink) });
    return uplink;
  }
  throw new Error("64 local clouds run already; end one with: npm run local -- down");
}

/** The usual port of a cache of Debian packages, or the next where another program has it. @throws Error after 20. */
export async function freePort(host: string): Promise<number> {
  for (let port = usualPort; port < usualPort + 20; port += 1) {
    const server = createServer().listen({ host, port });
    try {
      await once(server, "listening");
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    } finally {
      server.close();
    }
  }
  throw new Error(`no port from ${usualPort} to ${usualPort + 19} is free at ${host} for the cache of Debian packages`);
}

/** Only the cloud's own forwarder may use the link, and only towards the apt cache. */
function uplinkFilter(uplink: Uplink): string {
  return `table inet uplink {
  chain out {
    type filter hook output priority 0; policy accept;
    oifname "uplink" ip daddr ${uplink.machineAddress} tcp dport ${uplink.port} accept
    oifname "uplink" drop
  }
  chain through {
    type filter hook forward priority 0; policy accept;
    oifname "uplink" drop
    iifname "uplink" drop
  }
  chain in {
    type filter hook input priority 0; policy accept;
    iifname "uplink" ct state established accept
    iifname "uplink" drop
  }
}
`;
}

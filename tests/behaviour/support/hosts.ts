import type { Bundle, HostFile } from "../../../components/deployment/bundle";
import { bundleOf, type ServiceSpec } from "../../../components/deployment/define-service";
import type { SystemName } from "../../../components/deployment/systems";
import { relayServicesOf, servicesOf } from "../../../components/services";
import type { Stack } from "../../../components/services/stack";
import { goldenRelayStack, goldenStack } from "../../golden/stack";

/** All that one mail server holds, as its daemons would find it. */
export interface Host {
  name: string;
  stack: Stack;
  bundles: Bundle[];
  files: Record<string, HostFile>;
  /** Text of a file; fails where there is none. */
  text(path: string): string;
}

const zone = (digit: string) => digit.repeat(32);

/** Everything that can be left out is, and the names are somebody else's. */
const least = {
  domain: "far.example",
  domains: [],
  administrator: "one@far.example",
  users: [{ address: "one@far.example" }],
  aliases: [],
  sharedAliases: [],
  nullMx: [],
  plan: "g6-standard-1",
  volumeGb: 0,
  swapMb: 0,
  dane: false,
  daneOutbound: false,
  ipv6: false,
  manageSieve: false,
  webmail: false,
  autoconfiguration: false,
  mtaSts: "none",
  lockAfterFailures: 0,
  junkDays: 0,
  trustedCidrs: [],
  sshAllowedCidrs: ["0.0.0.0/0", "::/0"],
  sudoUsers: [],
};

/** Everything that can be on is. */
const most = {
  hostname: "mx.far.example.org",
  domains: [
    { name: "example.net", cloudflareZoneId: zone("1") },
    { name: "xn--bcher-kva.example", cloudflareZoneId: zone("2") },
  ],
  nullMx: [{ name: "silent.example", cloudflareZoneId: zone("3") }],
  aliases: [{ address: "@example.net", destinations: ["ceo@example.org", "away@elsewhere.example"] }],
  plan: "g6-standard-4",
  clamav: true,
  spamAssassin: true,
  spamAutolearn: true,
  manageSieve: true,
  mtaSts: "enforce",
  dmarcPolicy: "reject",
  compressMail: true,
  passwordMaxAgeDays: 90,
  lockAfterFailures: 3,
  banAfterFailures: 3,
  banMinutes: 60,
  trashDays: 30,
  relayHost: "smtp.relay.example",
  relayPort: 465,
  relayUser: "somebody",
  relayDomains: ["example.net"],
};

const changes: Record<string, Record<string, unknown>> = { usual: {}, "all off": least, "all on": most };

function hostOf(system: SystemName, what: string): Host {
  const stack = goldenStack(system, changes[what]);
  return made(`${what} on ${system}`, stack, servicesOf(stack));
}

/** The backup MX of the usual one, on each system. */
export const backupMxs: Host[] = (["debian12", "debian13"] as const).map((system) => {
  const stack = goldenRelayStack(system);
  return made(`a backup MX on ${system}`, stack, relayServicesOf(stack));
});

function made(name: string, stack: Stack, services: readonly ServiceSpec<Stack>[]): Host {
  const bundles = services.map((spec) => bundleOf(spec, stack));
  const files = Object.assign({}, ...bundles.map((bundle) => bundle.files)) as Record<string, HostFile>;
  const text = (path: string) => {
    const file = files[path];
    if (!file) throw new Error(`the host has no ${path}`);
    return file.content;
  };
  return { name, stack, bundles, files, text };
}

/** Several mail servers on each system. */
export const hosts: Host[] = (["debian12", "debian13"] as const).flatMap((system) =>
  Object.keys(changes).map((what) => hostOf(system, what)),
);

/** Runs a group of tests for each mail server. */
export function onEveryHost(title: string, tests: (host: Host) => void): void {
  describe.each(hosts.map((host) => [host.name, host] as const))(`${title}: %s`, (_name, host) => tests(host));
}

/** The same for the mail servers that have something; there is one at least. */
export function onHostsWith(has: (stack: Stack) => boolean, title: string, tests: (host: Host) => void): void {
  const some = hosts.filter(({ stack }) => has(stack)).map((host) => [host.name, host] as const);
  describe.each(some)(`${title}: %s`, (_name, host) => tests(host));
}

/** Whether an address of IPv4 or IPv6, or a network of either, is this host's loopback. */
export function isLoopback(address: string): boolean {
  const [ip, bits] = address.replace(/[[\]]/g, "").split("/");
  if (ip === "::1") return bits === undefined || bits === "128";
  return ip === "localhost" || (/^127\.\d+\.\d+\.\d+$/.test(ip ?? "") && Number(bits ?? 32) >= 8);
}

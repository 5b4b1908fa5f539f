import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { defaultTokens, zoneId } from "../../../local-cloud/api";
import { addresses } from "../../../local-cloud/contracts";
import { ControlGroup } from "../../../local-cloud/hosts/cgroup";
import { linkName } from "../../../local-cloud/hosts/link";
import { hostNamespace, stateFolder } from "../../../local-cloud/places";
import { testCloud, type Server } from "./servers";

/** Roots of control groups, whatever versions of them this machine has. */
const hierarchies = ["", "memory", "systemd", "unified"].map((one) => join("/sys/fs/cgroup", one));

/** What is looked for, noted while the server lives. */
export interface Traces {
  domain: string;
  hostname: string;
  ipv4: string;
  /** Name of the host in the cloud. */
  host: string;
  namespace: string;
  /** Names and types of the records in the zone. */
  records: [name: string, type: string][];
}

export async function tracesOf(server: Server): Promise<Traces> {
  const records = (await cloudflareRecords(server, server.domain)).map((one): [string, string] => [one.name, one.type]);
  const { domain, hostname, ipv4, namespace } = server;
  return { domain, hostname, ipv4, namespace, records, host: namespace.slice(hostNamespace(testCloud, "").length) };
}

/**
 * Everything of a server that the providers, the DNS and this machine show, by kind.
 * @param server - Of the same cloud; the one that is looked for may be gone.
 */
export async function footprint(server: Server, traces: Traces): Promise<Record<string, string[]>> {
  const { hostname, ipv4, host, namespace } = traces;
  const lines = async (...command: string[]) => (await inCloud(server, command)).split("\n").filter(Boolean);
  const linode = <T>(path: string) => linodeList<T>(server, path);
  const dig = (name: string, type: string) =>
    lines("dig", `@${addresses.dns}`, "+short", "+norecurse", "+time=2", "+tries=2", name, type);
  const link = linkName(host);
  const instances = await linode<{ label: string; ipv4: string[] }>("linode/instances");
  const firewalls = await linode<{ label: string }>("networking/firewalls");
  const ips = await linode<{ address: string; rdns: string | null }>("networking/ips");
  const answers = await Promise.all(traces.records.map(([name, type]) => dig(name, type)));
  return {
    instances: instances.filter((one) => one.label === hostname || one.ipv4.includes(ipv4)).map((one) => one.label),
    firewalls: firewalls.filter((one) => one.label === hostname).map((one) => one.label),
    addresses: ips.filter((one) => one.address === ipv4 || one.rdns === hostname).map((one) => one.address),
    records: (await cloudflareRecords(server, traces.domain)).map((one) => `${one.type} ${one.name}`),
    answers: answers.flat(),
    pointer: await dig(`${ipv4.split(".").reverse().join(".")}.in-addr.arpa`, "PTR"),
    namespaces: readdirSync("/run/netns").filter((one) => one === namespace),
    links: (await lines("ip", "-brief", "link")).filter((line) => line.startsWith(`${link}@`)),
    routes: (await lines("ip", "route")).filter((line) => line.startsWith(`${ipv4} `)),
    filters: (await lines("nft", "list", "tables")).filter((line) => line.includes(`host_${link}`)),
    groups: hierarchies.map((one) => join(one, `mailstack-${testCloud}`, host)).filter(existsSync),
    processes: new ControlGroup(`mailstack-${testCloud}/${host}`).members().map(String),
    disks: [join(stateFolder(testCloud), "hosts", host)].filter(existsSync),
  };
}

async function linodeList<T>(server: Server, path: string): Promise<T[]> {
  const url = `https://api.linode.com/v4/${path}?page_size=500`;
  return (JSON.parse(await get(server, url, defaultTokens.linode)) as { data: T[] }).data;
}

async function cloudflareRecords(server: Server, domain: string): Promise<{ name: string; type: string }[]> {
  const url = `https://api.cloudflare.com/client/v4/zones/${zoneId(domain)}/dns_records?per_page=500`;
  const answer = await get(server, url, defaultTokens.cloudflare);
  return (JSON.parse(answer) as { result: { name: string; type: string }[] }).result;
}

/** The token goes through standard input: process arguments are for everyone to read. */
function get(server: Server, url: string, token: string): Promise<string> {
  const command = ["curl", "--silent", "--show-error", "--fail", "--cacert", server.trustFile, "--config", "-", url];
  return inCloud(server, command, `header = "Authorization: Bearer ${token}"\n`);
}

async function inCloud(server: Server, command: string[], input = ""): Promise<string> {
  const result = await server.inCloud(command, input);
  if (result.exitCode !== 0) throw new Error(`${command.join(" ")}: ${result.stderr}`);
  return result.stdout;
}

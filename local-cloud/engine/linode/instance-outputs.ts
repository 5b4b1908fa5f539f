/** What the program and the state see of an instance. */
import type { Config, Disk, IPAddress, Linode, LinodeBackups, LinodeIPsResponse } from "./vendor-types";
import { createHash } from "node:crypto";
import type { InstanceInputs } from "./instance-inputs";

/** What four requests say about one instance. */
export interface InstanceFacts {
  linode: Linode;
  ips: LinodeIPsResponse;
  disks: Disk[];
  configs: Config[];
}

/** Fields the API sends that the vendor's npm types do not know. */
interface Untyped {
  host_uuid?: string;
  backups: LinodeBackups & { available?: boolean };
}

/** All outputs; inputs that the API does not tell again (image, keys, user data) come from `inputs`. */
export function instanceOutputs(facts: InstanceFacts, inputs: Partial<InstanceInputs>): Record<string, unknown> {
  const { linode } = facts;
  const { host_uuid: hostUuid, backups } = linode as unknown as Untyped;
  const privateIps = facts.ips.ipv4.private;
  const config = facts.configs.length === 1 ? facts.configs[0] : undefined;
  return {
    ...inputs,
    // As the vendor's plugin: the state holds only a hash of the password.
    rootPass: inputs.rootPass === undefined ? undefined : sha3(inputs.rootPass),
    ...readableInputs(facts),
    migrationType: inputs.migrationType ?? "cold",
    resizeDisk: inputs.resizeDisk ?? false,
    interfaces: [],
    firewallId: inputs.firewallId,
    backups: [
      {
        available: backups.available ?? false,
        enabled: backups.enabled,
        schedules: [{ day: backups.schedule.day ?? "", window: backups.schedule.window ?? "" }],
      },
    ],
    bootConfigLabel: config?.label ?? "",
    capabilities: linode.capabilities ?? [],
    configs: facts.configs.map((item) => ({
      comments: item.comments ?? "",
      id: item.id,
      kernel: item.kernel,
      label: item.label,
      memoryLimit: item.memory_limit,
      rootDevice: item.root_device,
      runLevel: item.run_level,
      virtMode: item.virt_mode,
    })),
    disks: facts.disks.map(({ id, size, label, filesystem }) => ({ id, size, label, filesystem })),
    hasUserData: linode.has_user_data ?? false,
    hostUuid: hostUuid ?? "",
    ipAddress: facts.ips.ipv4.public[0]?.address ?? "",
    ipv4s: linode.ipv4,
    ipv6: linode.ipv6 ?? "",
    lkeClusterId: linode.lke_cluster_id ?? 0,
    privateIpAddress: privateIps[0]?.address ?? "",
    sharedIpv4s: addresses(facts.ips.ipv4.shared),
    specs: [
      {
        acceleratedDevices: linode.specs.accelerated_devices ?? 0,
        disk: linode.specs.disk,
        gpus: linode.specs.gpus,
        memory: linode.specs.memory,
        transfer: linode.specs.transfer,
        vcpus: linode.specs.vcpus,
      },
    ],
    status: linode.status,
  };
}

/** The inputs that the API does tell, as it has them now. */
export function readableInputs({ linode, ips, disks }: InstanceFacts): Partial<InstanceInputs> {
  const { alerts } = linode;
  return {
    region: linode.region,
    type: linode.type ?? undefined,
    label: linode.label,
    group: linode.group,
    tags: linode.tags.toSorted(),
    backupsEnabled: linode.backups.enabled,
    booted: isBooted(linode),
    diskEncryption: linode.disk_encryption ?? "disabled",
    privateIp: ips.ipv4.private.length > 0,
    watchdogEnabled: linode.watchdog_enabled,
    swapSize: disks.filter((disk) => disk.filesystem === "swap").reduce((sum, disk) => sum + disk.size, 0),
    alerts: {
      cpu: alerts.cpu,
      io: alerts.io,
      networkIn: alerts.network_in,
      networkOut: alerts.network_out,
      transferQuota: alerts.transfer_quota,
    },
  };
}

/** On, or on its way to be. */
export function isBooted(linode: Linode): boolean {
  return ["running", "rebooting", "booting"].includes(linode.status);
}

const addresses = (list: IPAddress[]): string[] => list.map((item) => item.address);

const sha3 = (text: string): string => createHash("sha3-512").update(text).digest("base64");

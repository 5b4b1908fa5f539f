import type { LinodeContext } from "./context";
import { hostName } from "./context";
import { images, types } from "./catalog";
import type { Instance, Volume } from "./state";

/** The plan of an instance; it was checked when the instance was made. */
export function planOf(instance: Pick<Instance, "type">) {
  return types.find((type) => type.id === instance.type)!;
}

/** An instance as the API shows it. `running` is asked of the host itself: a system may power itself off. */
export async function instanceView(context: LinodeContext, instance: Instance) {
  const { memory, disk, vcpus, gpus, transfer } = planOf(instance);
  const halted = instance.status === "running" && !(await context.hosts.isRunning(hostName(instance.id)));
  return {
    id: instance.id,
    label: instance.label,
    group: instance.group,
    tags: instance.tags,
    status: halted ? "offline" : instance.status,
    created: instance.created,
    updated: instance.updated,
    type: instance.type,
    image: instance.image,
    region: instance.region,
    site_type: "core",
    ipv4: [instance.address],
    ipv6: `${instance.address6}/128`,
    specs: { memory, disk, vcpus, gpus, transfer, accelerated_devices: 0 },
    alerts: instance.alerts,
    backups: {
      enabled: instance.backupsEnabled,
      available: false,
      last_successful: null,
      schedule: { day: null, window: null },
    },
    hypervisor: "kvm",
    watchdog_enabled: instance.watchdogEnabled,
    host_uuid: instance.hostUuid,
    has_user_data: instance.userData !== undefined,
    placement_group: null,
    disk_encryption: instance.diskEncryption,
    lke_cluster_id: null,
    capabilities: ["SMTP Enabled"],
    interface_generation: "legacy_config",
    maintenance_policy: null,
    locks: [],
  };
}

/** The disks that the real cloud makes for an image: the system and swap. */
export function diskViews(instance: Instance) {
  const total = planOf({ type: instance.diskType ?? instance.type }).disk;
  const imageLabel = images.find((image) => image.id === instance.image)!.label;
  const disk = (offset: number, label: string, filesystem: string, size: number) => ({
    // Derived, so that they stay the same over a restart and never meet another instance's.
    id: instance.id * 10 + offset,
    label,
    filesystem,
    size,
    status: "ready",
    created: instance.created,
    updated: instance.created,
    disk_encryption: instance.diskEncryption,
  });
  const system = disk(1, `${imageLabel} Disk`, "ext4", total - instance.swapSize);
  return instance.swapSize > 0
    ? [system, disk(2, `${instance.swapSize} MB Swap Image`, "swap", instance.swapSize)]
    : [system];
}

/** The one configuration profile of an instance. Volumes have the places behind the disks. */
export function configView(instance: Instance, volumes: Volume[]) {
  const [system, swap] = diskViews(instance);
  const volume = (place: number) => {
    const id = volumes[place]?.id;
    return id === undefined ? null : { disk_id: null, volume_id: id };
  };
  const behind = Object.fromEntries(["sdc", "sdd", "sde", "sdf", "sdg", "sdh"].map((name, at) => [name, volume(at)]));
  const slot = (disk: { id: number } | undefined) => (disk ? { disk_id: disk.id, volume_id: null } : null);
  return {
    id: instance.id * 10,
    label: `My ${system!.label} Profile`,
    comments: "",
    created: instance.created,
    updated: instance.created,
    kernel: "linode/grub2",
    root_device: "/dev/sda",
    run_level: "default",
    virt_mode: "paravirt",
    memory_limit: 0,
    devices: { sda: slot(system), sdb: slot(swap), ...behind },
    helpers: {
      devtmpfs_automount: true,
      distro: true,
      modules_dep: true,
      network: true,
      updatedb_disabled: true,
    },
    interfaces: [],
  };
}

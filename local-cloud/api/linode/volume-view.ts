import { volumeDevice, type VolumeSpec } from "../../contracts";
import type { State } from "../state";
import type { Volume } from "./state";

/** The volumes that are attached to an instance. */
export function volumesOf({ linode }: Pick<State, "linode">, instance: number): Volume[] {
  return linode.volumes.filter((volume) => volume.linode === instance);
}

/** A volume as the hosts know it. */
export function volumeSpec({ id, label, size }: Volume): VolumeSpec {
  return { id, label, sizeGb: size };
}

/** A volume as the API shows it. */
export function volumeView({ linode }: Pick<State, "linode">, volume: Volume) {
  const { id, label, tags, region, size, status, created, updated, encryption } = volume;
  const instance = linode.instances.find((one) => one.id === volume.linode);
  return {
    id,
    label,
    tags,
    region,
    size,
    status,
    created,
    updated,
    encryption,
    linode_id: volume.linode,
    linode_label: instance?.label ?? null,
    filesystem_path: `/dev/disk/by-id/${volumeDevice(label)}`,
    hardware_type: "nvme",
    io_ready: status === "active" && volume.linode !== null,
  };
}

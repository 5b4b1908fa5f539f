import { hostName, type LinodeContext, now } from "./context";
import { LinodeError, notFound, refuse } from "./errors";
import { addEvent, endEvent, entity } from "./events";
import { inBackground } from "./instance-life";
import type { Instance, Volume } from "./state";
import { volumeSpec, volumesOf } from "./volume-view";

/** As many as a configuration profile of the real cloud has places for, without the two disks. */
const mostVolumes = 6;

/** @throws LinodeError 404. */
export function volumeById(context: LinodeContext, id: string | number): Volume {
  return context.store.state.linode.volumes.find((one) => one.id === Number(id)) ?? notFound();
}

/** Changes a volume and writes the state. */
export function changeVolume(context: LinodeContext, id: number, change: (volume: Volume) => void): Volume {
  context.store.update(({ linode }) => {
    const volume = linode.volumes.find((one) => one.id === id) ?? notFound();
    change(volume);
    volume.updated = now();
  });
  return volumeById(context, id);
}

/** @throws LinodeError 400 when a volume in this region cannot be attached to the instance. */
export function requireAttachable(context: LinodeContext, linode: number, region: string): Instance {
  const instance = context.store.state.linode.instances.find((one) => one.id === linode);
  if (instance === undefined || instance.status === "deleting") refuse("linode_id", "linode_id is not valid");
  if (instance.region !== region) refuse("linode_id", "Volume and Linode must be in the same region");
  if (volumesOf(context.store.state, linode).length >= mostVolumes)
    throw new LinodeError(400, [{ reason: "A Linode can have at most 8 disks and volumes" }]);
  return instance;
}

/** What takes time on the real cloud, with its event; a failure is told there. The volume is active again after it. */
function act(context: LinodeContext, id: number, action: string, work: (volume: Volume) => Promise<void>): void {
  const event = addEvent(context, action, entity("volume", volumeById(context, id)), "started");
  inBackground(context, async () => {
    try {
      await work(volumeById(context, id));
      endEvent(context, event);
    } catch (error) {
      endEvent(context, event, String(error));
      throw error;
    } finally {
      changeVolume(context, id, (volume) => (volume.status = "active"));
    }
  });
}

async function onHost(context: LinodeContext, volume: Volume): Promise<void> {
  if (volume.linode !== null) await context.hosts.attachVolume(hostName(volume.linode), volumeSpec(volume));
}

/** Ends the creation of a volume, and attaches it where that was asked for. */
export function finishCreation(context: LinodeContext, id: number): void {
  act(context, id, "volume_create", (volume) => onHost(context, volume));
}

export function attach(context: LinodeContext, id: number, linode: number): Volume {
  changeVolume(context, id, (volume) => (volume.linode = linode));
  act(context, id, "volume_attach", (volume) => onHost(context, volume));
  return volumeById(context, id);
}

/** It has left its host when the API names no instance any more. */
export function detach(context: LinodeContext, id: number): void {
  act(context, id, "volume_detach", async (volume) => {
    if (volume.linode !== null) await context.hosts.detachVolume(hostName(volume.linode), volumeSpec(volume));
    changeVolume(context, id, (one) => (one.linode = null));
  });
}

/** A host sees the new size when the volume is attached anew, or at its next boot. */
export function resize(context: LinodeContext, id: number, size: number): Volume {
  changeVolume(context, id, (volume) => {
    volume.status = "resizing";
    volume.size = size;
  });
  act(context, id, "volume_resize", async (volume) => {
    if (volume.linode !== null) await context.hosts.growVolume(hostName(volume.linode), volumeSpec(volume));
  });
  return volumeById(context, id);
}

export async function remove(context: LinodeContext, id: number): Promise<void> {
  const volume = volumeById(context, id);
  await context.hosts.removeVolume(id);
  context.store.update(({ linode }) => {
    linode.volumes = linode.volumes.filter((one) => one.id !== id);
  });
  addEvent(context, "volume_delete", entity("volume", volume));
}

import type { HostSpec } from "../../contracts";
import type { State } from "../state";
import { applyFilter } from "./firewall-filter";
import { imageBase } from "./catalog";
import { changeInstance, hostName, instanceById, type LinodeContext, now } from "./context";
import { addEvent, endEvent, entity } from "./events";
import { planOf } from "./instance-view";
import { publishDefaultName, removeNames } from "./reverse-names";
import type { Instance, LinodeState } from "./state";
import { volumeSpec, volumesOf } from "./volume-view";

/** What the hosts need to boot an instance. */
export function hostSpec(instance: Instance, linode: LinodeState): HostSpec {
  const spec: HostSpec = {
    name: hostName(instance.id),
    image: imageBase(instance.image)!,
    address: instance.address,
    address6: instance.address6,
    // The real cloud's images take the label as host name until cloud-init sets another.
    hostname: instance.label,
    memoryMiB: planOf(instance).memory,
    authorizedKeys: instance.authorizedKeys,
  };
  const volumes = volumesOf({ linode }, instance.id).map(volumeSpec);
  if (volumes.length > 0) spec.volumes = volumes;
  if (instance.userData !== undefined) spec.userData = instance.userData;
  if (instance.rootPassword !== undefined) spec.rootPassword = instance.rootPassword;
  return spec;
}

/** The systems that should be running according to a state, for the daemon to boot after a restart. */
export function wantedHosts(state: State): HostSpec[] {
  return state.linode.instances
    .filter((instance) => !["offline", "shutting_down", "deleting"].includes(instance.status))
    .map((instance) => hostSpec(instance, state.linode));
}

/** Runs work after the answer; whatever fails is logged, and the work itself says it in its event. */
export function inBackground(context: LinodeContext, work: () => Promise<void>): Promise<void> {
  const running = work()
    .catch((error: unknown) => context.log(`background work failed: ${String(error)}`))
    .finally(() => context.background.delete(running));
  context.background.add(running);
  return running;
}

/** Work on one system waits for what was begun on it: a disk that is being copied cannot be removed. */
function onSystem(context: LinodeContext, id: number, work: () => Promise<void>): void {
  const before = context.onSystems.get(id);
  const running = inBackground(context, async () => {
    await before;
    await work();
  });
  context.onSystems.set(id, running);
}

function setStatus(context: LinodeContext, id: number, status: Instance["status"]): void {
  changeInstance(context, id, (instance) => {
    // A deletion that began meanwhile wins.
    if (instance.status !== "deleting") instance.status = status;
  });
}

/** One action on a system, with its event; a failure leaves the instance `offline` and is told in the event. */
async function act(
  context: LinodeContext,
  id: number,
  action: string,
  after: Instance["status"],
  work: () => Promise<void>,
): Promise<void> {
  const event = addEvent(context, action, entity("linode", instanceById(context, id)), "started");
  try {
    await work();
    setStatus(context, id, after);
    endEvent(context, event);
  } catch (error) {
    setStatus(context, id, "offline");
    endEvent(context, event, error instanceof Error ? error.message : String(error));
    context.log(`${action} of ${hostName(id)} failed: ${String(error)}`);
  }
}

function bootNow(context: LinodeContext, id: number): Promise<void> {
  return act(context, id, "linode_boot", "running", async () => {
    const instance = instanceById(context, id);
    // Before the first packet: a filter that exists while nothing runs is what "deny by default" means.
    await applyFilter(context, id);
    await context.hosts.boot(hostSpec(instance, context.store.state.linode));
  });
}

/** Deploys a new instance, and boots it when it is wanted. */
export function deploy(context: LinodeContext, id: number, boot: boolean): void {
  onSystem(context, id, async () => {
    await act(context, id, "linode_create", boot ? "booting" : "offline", () =>
      publishDefaultName(context, instanceById(context, id)),
    );
    if (instanceById(context, id).status === "booting") await bootNow(context, id);
  });
}

export function boot(context: LinodeContext, id: number): void {
  setStatus(context, id, "booting");
  onSystem(context, id, () => bootNow(context, id));
}

/** A system that is off is booted, as on the real cloud; the vendor's plugin does so after a change of plan. */
export function reboot(context: LinodeContext, id: number): void {
  setStatus(context, id, "rebooting");
  onSystem(context, id, () =>
    act(context, id, "linode_reboot", "running", async () => {
      if (await context.hosts.isRunning(hostName(id))) await context.hosts.reboot(hostName(id));
      else await context.hosts.boot(hostSpec(instanceById(context, id), context.store.state.linode));
    }),
  );
}

export function shutDown(context: LinodeContext, id: number): void {
  setStatus(context, id, "shutting_down");
  onSystem(context, id, () =>
    act(context, id, "linode_shutdown", "offline", () => context.hosts.powerOff(hostName(id))),
  );
}

/**
 * Changes the plan: powers off, and boots with the new memory when the system ran.
 * @param resizeDisk - Without it the disk stays as it is, and the rest of the plan's storage is not used.
 */
export function resize(context: LinodeContext, id: number, type: string, resizeDisk: boolean): void {
  const ran = instanceById(context, id).status === "running";
  setStatus(context, id, "resizing");
  onSystem(context, id, async () => {
    await act(context, id, "linode_resize", "offline", async () => {
      if (ran) await context.hosts.powerOff(hostName(id));
      changeInstance(context, id, (instance) => {
        instance.diskType = resizeDisk ? type : (instance.diskType ?? instance.type);
        instance.type = type;
      });
    });
    if (ran && instanceById(context, id).type === type) {
      setStatus(context, id, "booting");
      await bootNow(context, id);
    }
  });
}

/** Removes the system, then everything that names the instance; the event `linode_delete` ends last. */
export function remove(context: LinodeContext, id: number): void {
  const instance = instanceById(context, id);
  changeInstance(context, id, (one) => (one.status = "deleting"));
  const event = addEvent(context, "linode_delete", entity("linode", instance), "started");
  onSystem(context, id, async () => {
    try {
      await context.hosts.remove(hostName(id));
      await removeNames(context, instance);
      for (const volume of volumesOf(context.store.state, id))
        await context.hosts.detachVolume(hostName(id), volumeSpec(volume));
      context.store.update(({ linode }) => {
        for (const volume of linode.volumes) if (volume.linode === id) volume.linode = null;
        linode.instances = linode.instances.filter((one) => one.id !== id);
        for (const firewall of linode.firewalls) {
          const left = firewall.devices.filter((device) => device.linode !== id);
          if (left.length === firewall.devices.length) continue;
          firewall.devices = left;
          firewall.updated = now();
        }
      });
      endEvent(context, event);
    } catch (error) {
      endEvent(context, event, String(error));
      throw error;
    }
  });
}

/** After a restart of the API: work that was cut off is ended or taken up again. */
export function recover(context: LinodeContext): void {
  context.store.update(({ linode }) => {
    for (const event of linode.events.filter((one) => one.status === "started")) {
      event.status = "failed";
      event.message = "The local cloud was stopped meanwhile";
    }
    // Work on a volume is done by the next boot, or the next attach.
    for (const volume of linode.volumes) volume.status = "active";
    for (const instance of linode.instances) {
      if (instance.status === "deleting" || instance.status === "offline") continue;
      // The daemon boots what wantedHosts lists; the view asks the host whether it really runs.
      instance.status = instance.status === "shutting_down" ? "offline" : "running";
    }
  });
  for (const instance of context.store.state.linode.instances) {
    if (instance.status === "deleting") remove(context, instance.id);
  }
}

import { type LinodeContext, now } from "./context";
import { notFound, refuse } from "./errors";
import { addEvent, entity } from "./events";
import { applyFilter } from "./firewall-filter";
import type { Firewall } from "./state";

/** @throws LinodeError 404, or 400 for the field that named the firewall. */
export function firewallById(context: LinodeContext, id: string | number, field?: string): Firewall {
  const found = context.store.state.linode.firewalls.find((firewall) => firewall.id === Number(id));
  return found ?? (field === undefined ? notFound() : refuse(field, "firewall_id is not valid"));
}

/** @throws LinodeError 400 when an instance does not exist, or obeys another firewall already. */
export function requireAttachable(context: LinodeContext, linodes: number[], field: string, self?: number): void {
  const { instances, firewalls } = context.store.state.linode;
  for (const id of linodes) {
    const instance = instances.find((one) => one.id === id);
    if (instance === undefined || instance.status === "deleting") refuse(field, `Linode with ID ${id} not found`);
    const other = firewalls.find((firewall) => firewall.devices.some((device) => device.linode === id));
    if (other?.id === self && self !== undefined) refuse(field, `Linode ${id} is already assigned to this Firewall`);
    if (other?.status === "enabled") refuse(field, `Linode ${id} already has an active Firewall (${other.label})`);
  }
}

/** Makes instances obey a firewall; the caller checked them with {@link requireAttachable}. */
export async function attach(context: LinodeContext, firewall: number, linodes: number[]): Promise<void> {
  context.store.update(({ linode }) => {
    const found = linode.firewalls.find((one) => one.id === firewall)!;
    for (const id of linodes) {
      found.devices.push({ id: linode.nextId++, linode: id, created: now(), updated: now() });
    }
    found.updated = now();
  });
  const about = entity("firewall", firewallById(context, firewall));
  for (const id of linodes) {
    await applyFilter(context, id);
    const instance = context.store.state.linode.instances.find((one) => one.id === id)!;
    addEvent(context, "firewall_device_add", about, "notification", entity("linode", instance));
  }
}

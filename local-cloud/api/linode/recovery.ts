import type { LinodeContext } from "./context";
import { applyFilter } from "./firewall-filter";
import { publishDefaultName } from "./reverse-names";

/** Writes the names and packet filters of all instances again, after a restart of the cloud. */
export async function republishInstances(context: LinodeContext): Promise<void> {
  for (const instance of context.store.state.linode.instances) {
    await publishDefaultName(context, instance);
    if (instance.rdns6 !== null) await context.zones.pointer(instance.address6, instance.rdns6);
    await applyFilter(context, instance.id);
  }
}

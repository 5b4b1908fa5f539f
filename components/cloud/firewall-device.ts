import type { Firewall } from "@pulumi/linode/firewall";
import { FirewallDevice } from "@pulumi/linode/firewallDevice";
import { getFirewall } from "@pulumi/linode/getFirewall";
import type { Instance } from "@pulumi/linode/instance";
import * as pulumi from "@pulumi/pulumi";

/**
 * That the instance is behind the firewall, as a resource: `pulumi refresh` sees when somebody has taken it away, and
 * `up` puts it back. The provider itself made the link when it made the instance, and refuses a second one, so the
 * first time it is imported; `import` has to be a plain text, which is why the resource is made within `apply`.
 * @param before - The last `up`, with the id of the instance whose link the state has.
 * @returns the id of the instance.
 */
export function guardedBy(
  name: string,
  firewall: Firewall,
  instance: Instance,
  before: { guarded?: string } | undefined,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const link = (firewallId: pulumi.Input<number>, entityId: pulumi.Input<number>, id?: string) => {
    const more = { parent, dependsOn: [firewall, instance], deletedWith: instance, ...(id ? { import: id } : {}) };
    return new FirewallDevice(name, { firewallId, entityId }, more);
  };
  if (!before && pulumi.runtime.isDryRun()) {
    // A first preview: no id is known.
    link(firewall.id.apply(Number), instance.id.apply(Number));
    return instance.id;
  }
  return pulumi.all([firewall.id, instance.id]).apply(async ([firewallId, instanceId]) => {
    const there = before?.guarded === instanceId ? "" : await linkOf(firewallId, instanceId, parent);
    const { entityId } = link(Number(firewallId), Number(instanceId), there);
    return new Promise<string>((resolve) => entityId.apply((id) => resolve(String(id))));
  });
}

/** Id of the link that is there, as for an import; empty where somebody has taken it away. */
async function linkOf(firewall: string, instance: string, parent: pulumi.Resource): Promise<string> {
  const { devices } = await getFirewall({ id: Number(firewall) }, { parent });
  const found = devices.find(({ type, entityId }) => type === "linode" && entityId === Number(instance));
  return found ? `${firewall},${found.id}` : "";
}

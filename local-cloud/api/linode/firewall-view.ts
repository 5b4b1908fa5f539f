import { createHash } from "node:crypto";
import type { LinodeContext } from "./context";
import { entity } from "./events";
import type { Firewall } from "./state";

function deviceEntity(context: LinodeContext, linode: number) {
  const instance = context.store.state.linode.instances.find((one) => one.id === linode);
  return { ...entity("linode", { id: linode, label: instance?.label ?? "" }), parent_entity: null };
}

/** The rules with their version, as `/rules` answers them. */
export function rulesView(firewall: Firewall) {
  const fingerprint = createHash("sha256").update(JSON.stringify(firewall.rules)).digest("hex").slice(0, 8);
  return { ...firewall.rules, version: firewall.version, fingerprint };
}

/** A firewall as the API shows it. */
export function firewallView(context: LinodeContext, firewall: Firewall) {
  const { id, label, tags, status, created, updated } = firewall;
  const entities = firewall.devices.map((device) => deviceEntity(context, device.linode));
  return { id, label, tags, status, created, updated, rules: rulesView(firewall), entities };
}

/** The link between a firewall and one instance. */
export function deviceView(context: LinodeContext, device: Firewall["devices"][number]) {
  const { id, created, updated } = device;
  return { id, created, updated, entity: deviceEntity(context, device.linode) };
}

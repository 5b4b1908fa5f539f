import type { LinodeContext } from "./context";
import type { Instance } from "./state";

/** The real cloud's zone of default names. */
const defaultZone = "linodeusercontent.com";

/** `198-51-100-20.ip.linodeusercontent.com`: what an address is called until the user names it. */
export function defaultName(address: string): string {
  return `${address.replaceAll(".", "-")}.ip.${defaultZone}`;
}

async function forward(context: LinodeContext, instance: Instance, contents: string[]): Promise<void> {
  await context.zones.create(defaultZone);
  await context.zones.replace(defaultZone, { name: defaultName(instance.address), type: "A", ttl: 86400, contents });
}

/** Gives a new address its default name, both ways, as every address of the real cloud has one. */
export async function publishDefaultName(context: LinodeContext, instance: Instance): Promise<void> {
  await forward(context, instance, [instance.address]);
  await context.zones.pointer(instance.address, instance.rdns ?? defaultName(instance.address));
}

/** Takes all names of an instance's addresses away. */
export async function removeNames(context: LinodeContext, instance: Instance): Promise<void> {
  await context.zones.pointer(instance.address, undefined);
  if (instance.rdns6 !== null) await context.zones.pointer(instance.address6, undefined);
  await forward(context, instance, []);
}

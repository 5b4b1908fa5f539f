import * as pulumi from "@pulumi/pulumi";
import { bundleOf, isEnabled, type ServiceSpec } from "./deployment/define-service";
import { HostHealth } from "./deployment/health";
import type { Host } from "./deployment/host";
import { Service } from "./deployment/service";
import type { Stack } from "./services/stack";

/** Arguments of {@link installServices}. */
export interface InstallArgs {
  host: Host;
  stack: Stack;
  /** In the order in which they are made. */
  services: readonly ServiceSpec<Stack>[];
  /** Made before the first of them. */
  after: pulumi.Resource;
  /** See `ServiceSpec.waitsFor`. */
  waitsFor: Record<NonNullable<ServiceSpec<Stack>["waitsFor"]>, pulumi.Resource[]>;
  parent: pulumi.Resource;
}

/** The services of a host, as resources. */
export interface InstalledServices {
  /** Done when every service is. */
  last: pulumi.Resource;
  /** What the programs of a service's `outputs` printed, by name. */
  resultsOf(service: string): pulumi.Output<Record<string, string>>;
}

/**
 * Makes the services one after the other. Before the first that comes `afterHealth`, `mailstack status` must report every
 * service healthy.
 * @param name - What every resource's name begins with.
 */
export function installServices(name: string, args: InstallArgs): InstalledServices {
  const { host, stack, parent } = args;
  const made = new Map<string, Service>();
  let last = args.after;
  let healthy = false;
  for (const spec of args.services) {
    if (spec.afterHealth && !healthy) {
      last = new HostHealth(`${name}-health`, { host, hostname: stack.fqdn }, { parent, dependsOn: [last] });
      healthy = true;
    }
    const { name: service, type } = spec;
    const confirm = isEnabled(spec, stack) ? spec.confirm : undefined;
    const dependsOn = [last, ...(spec.waitsFor ? args.waitsFor[spec.waitsFor] : [])];
    const bundle = bundleOf(spec, stack);
    const each = new Service(`${name}-${service}`, { host, type, service, bundle, confirm }, { parent, dependsOn });
    made.set(service, each);
    last = each;
  }
  return {
    last,
    resultsOf(service) {
      const found = made.get(service);
      if (!found) throw new Error(`the host has no service "${service}"`);
      return found.results;
    },
  };
}

import { bundleOf } from "../../components/deployment/define-service";
import type { Bundle } from "../../components/deployment/bundle";
import type { SystemName } from "../../components/deployment/systems";
import { relayServicesOf, servicesOf } from "../../components/services";
import type { StackFacts } from "../../components/services/stack";
import { goldenRelayStack, goldenStack } from "./stack";

/** The bundle of a service on a system. */
export type Render = (system: SystemName) => Bundle;

/** The bundle of one service of the imagined mail server. */
export function renderOf(service: string, change?: Record<string, unknown>, facts?: Partial<StackFacts>): Render {
  return (system) => {
    const stack = goldenStack(system, change, facts);
    const spec = servicesOf(stack).find((each) => each.name === service);
    if (!spec) throw new Error(`there is no service "${service}"`);
    return bundleOf(spec, stack);
  };
}

/** The bundle of one service of its backup MX. */
export function relayRenderOf(service: string, change?: Record<string, unknown>): Render {
  return (system) => {
    const stack = goldenRelayStack(system, change);
    const spec = relayServicesOf(stack).find((each) => each.name === service);
    if (!spec) throw new Error(`a backup MX has no service "${service}"`);
    return bundleOf(spec, stack);
  };
}

/** Where the imagined mail server has a service only by another setting. */
const changes: Record<string, Record<string, unknown>> = {
  backup: { backupRepository: "linode" },
  "restore-state": { backupRepository: "linode" },
  "restore-mail": { backupRepository: "linode", restoreFrom: "2026-11-29T10:00Z" },
  clamav: { clamav: true },
  spamassassin: { spamAssassin: true },
  senders: { domains: [{ name: "xn--bcher-kva.example", cloudflareZoneId: "1".repeat(32) }], aliases: [] },
};

/** Every service of the list. */
export const renders: Record<string, Render> = Object.fromEntries(
  servicesOf(goldenStack("debian12")).map(({ name }) => [name, renderOf(name, changes[name])]),
);

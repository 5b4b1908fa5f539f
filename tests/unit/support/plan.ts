import type { RecordedRelease, RecordedResource, Values } from "../../../scripts/recorded-release";
import { shortened } from "../../../scripts/recorded-release";
import { changedNames } from "../../../local-cloud/engine/api-provider-values";
import { settledInputs, type ApiResource } from "../../../local-cloud/engine/api-resource";
import { dnsRecordResource } from "../../../local-cloud/engine/cloudflare/dns-record";
import { remoteCommandResource } from "../../../local-cloud/engine/command/remote-command";
import { linodeResources } from "../../../local-cloud/engine/linode/resources";
import { randomPasswordResource } from "../../../local-cloud/engine/random/text";
import { open, type Registration } from "./recorded-program";

export type Step = "same" | "create" | "import" | "update" | "replace" | "delete";

/** What an `up` would do to one resource. */
export interface Planned {
  name: string;
  type: string;
  step: Step;
  /** Names of the inputs that changed. */
  changed: string[];
}

/** The plugins' own knowledge of what replaces a resource. */
const kinds: Record<string, Pick<ApiResource<never>, "replaceOn" | "chosenByApi">> = {
  ...linodeResources({ skipReady: false, skipDelete: false }),
  "cloudflare:index/dnsRecord:DnsRecord": dnsRecordResource,
  "command:remote:Command": remoteCommandResource,
  "random:index/randomPassword:RandomPassword": randomPasswordResource,
};

/**
 * What the engine would do to a recorded stack when the program registers these resources.
 * @throws Error for a type of resource of which it is not known what replaces it.
 */
export function plan(release: RecordedRelease, registrations: Registration[]): Planned[] {
  const recorded = new Map(release.resources.map((each) => [placeOf(each, release.resources), each]));
  const now = registrations.filter(({ type }) => !type.startsWith("pulumi:providers:"));
  const steps = now.map((registration): Planned => {
    const { name, type } = registration;
    const place = placeOf(registration, registrations);
    const before = recorded.get(place);
    recorded.delete(place);
    if (!before) return { name, type, step: registration.importId ? "import" : "create", changed: [] };
    return { name, type, ...difference(before, registration) };
  });
  const gone = [...recorded.values()].map(({ urn, type }): Planned => {
    return { name: nameOf(urn), type, step: "delete", changed: [] };
  });
  return [...steps, ...gone];
}

function difference(before: RecordedResource, now: Registration): Pick<Planned, "step" | "changed"> {
  if (!now.custom) return { step: "same", changed: [] };
  const kind = kinds[now.type];
  if (!kind) throw new Error(`${now.type}: what replaces it is not known to this plan`);
  const ignored = ["metadatas", ...now.ignoreChanges];
  const given = shortened(withoutKey(plain(now.inputs) as Values)) as Values;
  const settled = settledInputs(kind as ApiResource<never>, before.inputs, given);
  const changed = changedNames(before.inputs, settled).filter((name) => !ignored.includes(name));
  const replacing = changed.filter((name) => [...kind.replaceOn, ...now.replaceOnChanges].includes(name));
  return { step: replacing.length > 0 ? "replace" : changed.length > 0 ? "update" : "same", changed };
}

/** Types and names from the top down to a resource: its identity for the engine, which a URN tells only in part. */
function placeOf(
  of: Pick<Registration, "urn" | "type">,
  all: { urn: string; type: string; parent?: string }[],
): string {
  const parent = all.find(({ urn }) => urn === (of as { parent?: string }).parent);
  return `${parent ? placeOf(parent, all) : ""}/${of.type} ${nameOf(of.urn)}`;
}

const nameOf = (urn: string) => urn.split("::").at(-1)!;

/** The private key of a connection is in no recording. */
function withoutKey(inputs: Values): Values {
  if (!inputs.connection) return inputs;
  const connection = Object.entries(inputs.connection as Values).filter(([name]) => name !== "privateKey");
  return { ...inputs, connection: Object.fromEntries(connection) };
}

/** Secrets opened. */
function plain(value: unknown): unknown {
  const opened = open(value);
  if (Array.isArray(opened)) return opened.map(plain);
  if (typeof opened !== "object" || opened === null) return opened;
  return Object.fromEntries(Object.entries(opened).map(([key, item]) => [key, plain(item)]));
}

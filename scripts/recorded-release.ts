/** What the state of a stack comes down to in tests/unit/recorded: enough to plan an `up` of it, and no secret. */
import { createHash, createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { deriveSshKey } from "../components/deployment/ssh-key";

export interface RecordedResource {
  urn: string;
  type: string;
  custom: boolean;
  id?: string;
  /** URN of the parent; the stack itself is no resource here. */
  parent?: string;
  protect?: boolean;
  /** Texts of more than {@link longest} characters are digests, see {@link shortened}. */
  inputs: Values;
  /** Those that are not inputs of the same value. */
  outputs: Values;
}

/** A stack as a release left it. */
export interface RecordedRelease {
  /** Commit that made it. */
  commit: string;
  /** Configuration of the stack, full keys, without secrets. */
  config: Values;
  /** What Pulumi.yaml set where the configuration did not, full keys. */
  defaults: Values;
  /** Outputs of the stack, without secrets. */
  outputs: Values;
  resources: RecordedResource[];
}

export type Values = Record<string, unknown>;

/** What `pulumi stack export --show-secrets` prints, as far as it is of interest. */
export interface ExportedState {
  deployment: { resources: (Partial<RecordedResource> & Pick<RecordedResource, "urn" | "type">)[] };
}

/** Where the recordings are, one for each release, by its day. */
export const recordedFolder = join(__dirname, "../tests/unit/recorded");

/** The days of all recorded releases, oldest first. */
export const recordedDays: string[] = readdirSync(recordedFolder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => name.replace(/\.json$/, ""))
  .sort();

/** A stack of the release of that day. */
export function readRelease(day: string): RecordedRelease {
  return JSON.parse(readFileSync(join(recordedFolder, `${day}.json`), "utf8")) as RecordedRelease;
}

/** Bundles and programs are compared, not read: longer texts than this are kept as digests. */
const longest = 500;

/** The same values with a digest for each long text. */
export function shortened(value: unknown): unknown {
  if (typeof value === "string" && value.length > longest)
    return `sha256:${createHash("sha256").update(value).digest("hex")}`;
  return mapped(value, shortened);
}

/** The value for tests of a random text of this name; letters and digits. */
export function testSecret(name: string, length: number): string {
  const digest = createHash("sha256").update(`test value of ${name}`).digest("hex");
  return digest.repeat(Math.ceil(length / digest.length)).slice(0, length);
}

/**
 * Cleans an exported state. Random texts get values for tests, and so does what the program derives from them.
 * @throws Error when one of the secrets is left.
 */
export function recordedRelease(
  state: ExportedState,
  release: Pick<RecordedRelease, "commit" | "config" | "defaults">,
): RecordedRelease {
  const opened = mapped(state.deployment.resources, open) as ExportedState["deployment"]["resources"];
  const drawn = opened.filter(({ type }) => type === "random:index/randomPassword:RandomPassword");
  const secrets = drawn.map(({ urn, outputs }): [string, string] => [nameOf(urn), String(outputs?.result)]);
  const replacements = replacementsFor(secrets);
  const clean = (text: string) => replacements.reduce((now, [from, to]) => now.replaceAll(from, to), text);
  const cleaned = JSON.parse(clean(JSON.stringify(opened))) as typeof opened;
  const [stack] = cleaned.filter(({ type }) => type === stackType);
  const release_: RecordedRelease = {
    ...release,
    outputs: omit(stack?.outputs ?? {}, ["deployKey"]),
    resources: cleaned.filter(({ type }) => type !== stackType && !type.startsWith("pulumi:providers:")).map(record),
  };
  const text = JSON.stringify(release_);
  const left = secrets.filter(([, value]) => text.includes(value)).map(([name]) => name);
  if (/PRIVATE KEY/.test(text)) left.push("a private key");
  if (left.length > 0) throw new Error(`the recording would hold ${left.join(", ")}`);
  return release_;
}

const stackType = "pulumi:pulumi:Stack";

function record({ urn, type, custom, id, parent, protect, inputs = {}, outputs = {} }: Partial<RecordedResource>) {
  const ofStack = parent?.includes(`::${stackType}::`);
  // The key follows from a random text; what it opens is said once.
  const kept = omit(inputs, ["metadatas"]);
  if (kept.connection) kept.connection = omit(kept.connection as Values, ["privateKey"]);
  const same = Object.keys(outputs).filter((key) => JSON.stringify(outputs[key]) === JSON.stringify(inputs[key]));
  return {
    urn: urn!,
    type: type!,
    custom: custom ?? false,
    ...(id !== undefined && { id }),
    ...(parent && !ofStack && { parent }),
    ...(protect && { protect }),
    inputs: shortened(kept) as Values,
    outputs: omit(custom ? outputs : {}, [...same, "metadatas", "connection", "bcryptHash", "rootPass"]),
  };
}

/** Each secret, its digests and the key pairs made from it, and what stands in their places. */
function replacementsFor(secrets: [name: string, value: string][]): [from: string, to: string][] {
  const all: [string, string][] = [];
  const digestKey = secrets.find(([name]) => name.endsWith("-digest-key"))?.[1];
  for (const [name, value] of secrets) {
    const instead = testSecret(name, value.length);
    if (digestKey) {
      const key = testSecret("mail-digest-key", digestKey.length);
      all.push([digest(digestKey, value), digest(key, instead)]);
    }
    if (/-(host|deploy)-key$/.test(name)) all.push([deriveSshKey(value).publicKey, deriveSshKey(instead).publicKey]);
    all.push([value, instead]);
  }
  return all;
}

/** As `secretDigest` of the program makes it. */
const digest = (key: string, text: string) => createHmac("sha256", key).update(text).digest("hex").slice(0, 32);

const nameOf = (urn: string) => urn.split("::").at(-1)!;

function omit(values: Values, names: string[]): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));
}

/** How the CLI writes a secret: this key and a JSON text. */
function open(value: unknown): unknown {
  if (typeof value === "object" && value !== null && "4dabf18193072939515e22adb298388d" in value)
    return open(JSON.parse((value as unknown as { plaintext: string }).plaintext));
  return mapped(value, open);
}

function mapped(value: unknown, change: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item)]));
}

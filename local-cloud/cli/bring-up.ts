import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultTokens, zoneId } from "../api";
import { cloudEnvironment, inCloud, startCloud, trustFile } from "../cloud/lifecycle";
import { engineEnvironment, prepareEngine, type Engine } from "../engine";
import { ensureMachinePackages } from "../images";
import { hostNamespace, stateFolder } from "../places";
import { bootHosts } from "./boot-hosts";
import { liftLock } from "./half-made";
import { projectFolder, Stack } from "./stack";
import { aloneOnStack } from "./stack-lock";

/** What to bring up. */
export interface LocalOptions {
  /** Name of the cloud. */
  cloud: string;
  /** Name of the Pulumi stack. */
  stack: string;
  /** `debian12` or `debian13`. */
  os: string;
  /** Mail domain; default that of Pulumi.local.yaml. */
  domain?: string;
  /** The stack's file; default Pulumi.local.yaml. */
  file?: string;
  /** Settings beside those of the file, by their full keys. */
  settings?: Record<string, unknown>;
  progress: (line: string) => void;
}

/** The domain that Pulumi.local.yaml names; with another one every address in it is moved there. */
export const localDomain = "ementech.co.ke";

/** A stack whose cloud runs and whose engine is there; its `up` may not have run yet. */
export async function prepareStack(options: LocalOptions): Promise<{ stack: Stack; engine: Engine }> {
  const { cloud, progress } = options;
  await ensureMachinePackages(progress);
  const engine = await prepareEngine({ progress });
  await startCloud(cloud, progress);
  return { stack: await openStack(options, engine), engine };
}

/** A mail server that runs in the local cloud. */
export interface LocalServer {
  stack: Stack;
  domain: string;
  hostname: string;
  address: string;
  /** Origin of the webmail, where the stack has one. */
  webmail?: string;
  /** Network namespace of the host. */
  namespace: string;
  /** File with every root certificate that a client in this cloud trusts. */
  trustFile: string;
  /** Words that run a command line inside the cloud. */
  inCloud(command: string[]): string[];
}

/**
 * Brings everything up: packages of this machine, engine, images, cloud, and the stack by a real `pulumi up`.
 * @throws Error with Pulumi's words when the `up` fails.
 */
export async function bringUp(options: LocalOptions): Promise<LocalServer> {
  const { stack } = await prepareStack(options);
  await upStack(options, stack, (work) => work());
  return findServer(options.cloud, stack);
}

/**
 * `pulumi up`, once no other run changes the stack and its hosts run.
 * @param guard - Runs the `up` itself, and may give it a signal that interrupts it.
 * @throws Error with Pulumi's words when the `up` fails.
 */
export async function upStack(
  { cloud, progress }: LocalOptions,
  stack: Stack,
  guard: (work: (interrupt?: AbortSignal) => Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  const lift = () => liftLock(cloud, stack, progress);
  await stack.exclusively(progress, lift, async () => {
    await bootHosts(cloud, progress);
    progress(`pulumi up of the stack "${stack.name}"`);
    await guard((interrupt) => stack.pulumi(["up", "--yes", "--skip-preview"], { interrupt }));
  });
}

/** The running server of a stack, by the stack's outputs and the emulated API's own list of instances. */
export async function findServer(cloud: string, stack: Stack): Promise<LocalServer> {
  const outputs = JSON.parse((await stack.pulumi(["stack", "output", "--json"])).stdout) as Record<
    string,
    string | undefined
  >;
  const { hostname, ipv4, webmail } = outputs;
  if (!hostname || !ipv4)
    throw new Error(`the stack "${stack.name}" has no server; bring it up with: npm run local -- up`);
  return {
    stack,
    hostname,
    address: ipv4,
    webmail,
    domain: hostname.replace(/^[^.]+\./, ""),
    namespace: hostNamespace(cloud, hostOf(cloud, ipv4)),
    trustFile: trustFile(cloud),
    inCloud: (command) => inCloud(cloud, command),
  };
}

/** Name of the host with this address. */
function hostOf(cloud: string, address: string): string {
  const file = join(stateFolder(cloud), "api.json");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const instances = (JSON.parse(text || "{}") as ApiState).linode?.instances ?? [];
  const found = instances.find((instance) => JSON.stringify(instance).includes(`"${address}"`));
  if (!found) throw new Error(`the cloud "${cloud}" has no instance with the address ${address}`);
  return `linode-${found.id}`;
}

interface ApiState {
  linode?: { instances?: { id: number }[] };
}

async function openStack(options: LocalOptions, engine: Engine): Promise<Stack> {
  const { cloud } = options;
  const folder = join(stateFolder(cloud), "stacks", options.stack);
  return aloneOnStack(
    folder,
    "open",
    () => undefined,
    () => openAlone(options, engine, folder),
  );
}

async function openAlone(options: LocalOptions, engine: Engine, folder: string): Promise<Stack> {
  const { cloud } = options;
  const pulumi = engineEnvironment({
    stateDirectory: join(stateFolder(cloud), "pulumi"),
    binDirectory: engine.binDirectory,
  });
  const stack = await Stack.open(options.stack, folder, {
    environment: { ...pulumi, ...cloudEnvironment(cloud) },
    inCloud: (command) => inCloud(cloud, command),
  });
  const domain = options.domain ?? localDomain;
  const file = join(projectFolder, options.file ?? "Pulumi.local.yaml");
  const declared = readFileSync(file, "utf8").replaceAll(localDomain, domain);
  const own = { "mailstack:os": options.os, "mailstack:cloudflareZoneId": zoneId(domain) };
  stack.declare(declared, { ...own, ...options.settings });
  await stack.setSecret("mailstack:linodeToken", defaultTokens.linode);
  await stack.setSecret("mailstack:cloudflareApiToken", defaultTokens.cloudflare);
  return stack;
}

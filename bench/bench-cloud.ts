import { join } from "node:path";
import {
  bringUp,
  findServer,
  localDomain,
  prepareStack,
  type LocalOptions,
  type LocalServer,
} from "../local-cloud/cli/bring-up";
import { Stack, type PulumiResult } from "../local-cloud/cli/stack";
import { cloudEnvironment, inCloud, stopCloud } from "../local-cloud/cloud/lifecycle";
import { engineEnvironment } from "../local-cloud/engine";
import { Peer } from "../local-cloud/peer/peer";
import { System } from "../local-cloud/peer/system";
import { stateFolder } from "../local-cloud/places";
import { PlainHost } from "./plain-host";

/** The figures have a cloud of their own. */
const cloud = "bench";

/** How to measure. */
export interface BenchOptions {
  os: "debian12" | "debian13";
  /** How often each duration is measured; medians count. */
  repeat: number;
  progress: (line: string) => void;
}

/** The cloud in which the figures are taken; everything in it is made when a figure first needs it. */
export class BenchCloud {
  readonly name = cloud;
  readonly peer = new Peer(cloud);
  private upServer: LocalServer | undefined;
  private readonly options: LocalOptions;

  constructor(readonly settings: BenchOptions) {
    const { os, progress } = settings;
    this.options = { cloud, stack: "bench", os, domain: localDomain, progress };
  }

  get progress(): (line: string) => void {
    return this.settings.progress;
  }
  get repeat(): number {
    return this.settings.repeat;
  }

  /** Engine, images, cloud and stack, without an `up`. */
  async prepare(): Promise<Stack> {
    return (await prepareStack(this.options)).stack;
  }

  /** The mail server, brought up when it is not. */
  async server(): Promise<LocalServer> {
    this.upServer ??= await bringUp(this.options);
    return this.upServer;
  }

  /** Makes the stack's next `up` a fresh one. */
  async withoutServer(): Promise<Stack> {
    const stack = await this.prepare();
    this.upServer = undefined;
    await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
    return stack;
  }

  /** The server that an `up` of this stack has just made; finding it takes a moment, another `up` would take seconds. */
  async found(stack: Stack): Promise<LocalServer> {
    this.upServer = await findServer(cloud, stack);
    return this.upServer;
  }

  async system(): Promise<System> {
    return new System((await this.server()).namespace);
  }

  /** A stack of the empty program on the same engine; its `up`. */
  async emptyProgram(): Promise<() => Promise<PulumiResult>> {
    const { engine } = await prepareStack(this.options);
    const state = stateFolder(cloud);
    const place = { stateDirectory: join(state, "pulumi"), binDirectory: engine.binDirectory };
    const runner = {
      environment: { ...engineEnvironment(place), ...cloudEnvironment(cloud) },
      inCloud: (command: string[]) => inCloud(cloud, command),
    };
    const stack = await Stack.open("empty", join(state, "stacks", "empty"), runner);
    stack.declare("config: {}\n", {});
    return () => stack.pulumi(["up", "--yes", "--skip-preview"], { cwd: join(__dirname, "empty-program") });
  }

  /** A booted instance of the same plan and system without anything of ours. */
  async plainHost(): Promise<PlainHost> {
    await this.prepare();
    return PlainHost.boot(cloud, this.settings.os);
  }

  /** Ends the cloud, with its disks. */
  async end(): Promise<void> {
    await stopCloud(cloud, { purge: true });
  }
}

import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { Hosts, HostSpec, PacketFilter, VolumeSpec } from "../contracts";
import { ensureImage } from "../images";
import { must } from "../images/command";
import { cloudNamespace, hostNamespace, stateFolder } from "../places";
import { connect, disconnect, startInit } from "./boot";
import { ControlGroup } from "./cgroup";
import { filterText, silenceText } from "./filter";
import { linkName } from "./link";
import { writeSeed } from "./seed";
import { Volumes } from "./volumes";

/** SIGRTMIN+4 asks systemd for a power-off (systemd(1), Signals); Linux's C library gives 34 for SIGRTMIN. */
const powerOffSignal = 38;
/** A Linode gets this long to end its services before its power is cut. */
const powerOffSeconds = 30;

/** Hosts that are booted systems on this machine. */
export class BootedHosts implements Hosts {
  private readonly specs = new Map<string, HostSpec>();
  private readonly volumes: Volumes;

  constructor(
    private readonly cloud: string,
    private readonly log: (line: string) => void,
  ) {
    this.volumes = new Volumes(cloud);
  }

  async boot(spec: HostSpec): Promise<void> {
    this.specs.set(spec.name, spec);
    const folder = this.folder(spec.name);
    const root = join(folder, "root");
    if (!existsSync(root)) {
      const image = await ensureImage(spec.image, this.log);
      // A copy, not an overlay: swap files need a real file system below them.
      await must(["mkdir", "-p", folder]);
      await must(["cp", "-a", "--reflink=auto", image, `${root}.new`]);
      writeSeed(`${root}.new`, spec);
      await must(["mv", `${root}.new`, root]);
    }
    // After a power-off from inside, or a kill, this is what the last boot left.
    await this.cutPower(spec.name);
    await disconnect(this.cloud, spec.name);
    await connect(this.cloud, spec);
    await this.start(spec);
    await this.untilInit(spec.name);
  }

  async powerOff(name: string): Promise<void> {
    const leader = await this.leader(name);
    if (leader) process.kill(leader, powerOffSignal as unknown as NodeJS.Signals);
    for (let waited = 0; waited < powerOffSeconds * 10 && (await this.isRunning(name)); waited += 1) await sleep(100);
    await this.silence(name, true);
    await this.cutPower(name);
  }

  async reboot(name: string): Promise<void> {
    const spec = this.specs.get(name);
    if (!spec) throw new Error(`no host ${name} was booted`);
    await this.powerOff(name);
    await this.start(spec);
    await this.untilInit(name);
  }

  async remove(name: string): Promise<void> {
    await this.cutPower(name);
    await disconnect(this.cloud, name);
    await this.filter(name, undefined);
    await this.silence(name, false);
    // A whole system: rmSync would stop the emulated APIs, which are in this process, for as long as it takes.
    await must(["rm", "-rf", this.folder(name)]);
    this.specs.delete(name);
  }

  async isRunning(name: string): Promise<boolean> {
    return this.group(name).members().length > 0;
  }

  async filter(name: string, rules: PacketFilter | undefined): Promise<void> {
    await this.packetRules(filterText(`host_${linkName(name)}`, linkName(name), rules));
  }

  /** As long as it is off its packets reach nobody. */
  private async silence(name: string, silent: boolean): Promise<void> {
    await this.packetRules(silenceText(`off_${linkName(name)}`, linkName(name), silent));
  }

  private async packetRules(text: string): Promise<void> {
    await must(["ip", "netns", "exec", cloudNamespace(this.cloud), "nft", "-f", "-"], { input: text });
  }

  async attachVolume(name: string, volume: VolumeSpec): Promise<void> {
    await this.volumes.attach(this.folder(name), volume);
    this.remember(name, volume, [volume]);
  }

  async growVolume(name: string, volume: VolumeSpec): Promise<void> {
    this.remember(name, volume, [volume]);
  }

  async detachVolume(name: string, volume: VolumeSpec): Promise<void> {
    await this.volumes.detach(this.folder(name), volume);
    this.remember(name, volume, []);
  }

  async removeVolume(id: number): Promise<void> {
    await this.volumes.remove(id);
  }

  /** What a host has at its next boot. */
  private remember(name: string, { id }: VolumeSpec, instead: VolumeSpec[]): void {
    const spec = this.specs.get(name);
    if (spec) spec.volumes = [...(spec.volumes ?? []).filter((volume) => volume.id !== id), ...instead];
  }

  private async start(spec: HostSpec): Promise<void> {
    for (const volume of spec.volumes ?? []) await this.volumes.attach(this.folder(spec.name), volume);
    const group = this.group(spec.name);
    group.create(spec.memoryMiB);
    await this.silence(spec.name, false);
    startInit(this.cloud, spec, this.folder(spec.name), group);
  }

  private async cutPower(name: string): Promise<void> {
    await this.group(name).end();
    await releaseSwap(this.folder(name));
  }

  private group(name: string): ControlGroup {
    return new ControlGroup(`mailstack-${this.cloud}/${name}`);
  }

  private folder(name: string): string {
    return join(stateFolder(this.cloud), "hosts", name);
  }

  private async untilInit(name: string): Promise<void> {
    for (let tries = 0; tries < 300; tries += 1) {
      if (await this.leader(name)) return;
      await sleep(100);
    }
    const console = join(this.folder(name), "console.log");
    throw new Error(`the host ${name} did not boot in 30 s; its console is in ${console}`);
  }

  /** Process id of the host's init on this machine. */
  private async leader(name: string): Promise<number | undefined> {
    const pids = await must(["ip", "netns", "pids", hostNamespace(this.cloud, name)]);
    for (const pid of pids.split("\n").filter(Boolean)) {
      const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
      if (/^NSpid:\s+\d+\s+1$/m.test(status)) return Number(pid);
    }
    return undefined;
  }
}

/**
 * Turns off the swap files of a host that has ended. Swap is the machine's, not the guest's, and a file in use could
 * not be removed. The kernel lists each file by its path inside the guest, so each of those is tried inside this host.
 */
export async function releaseSwap(folder: string): Promise<void> {
  const lines = readFileSync("/proc/swaps", "utf8").split("\n").slice(1);
  const files = lines.map((line) => join(folder, "root", (line.split(/\s+/)[0] ?? "").replaceAll("\\040", " ")));
  for (const file of files) {
    if (!existsSync(file) || !statSync(file).isFile()) continue;
    const { exitCode, stderr } = await execa("swapoff", [file], { reject: false, env: { LC_ALL: "C" } });
    // Another host's file of the same path is in use, not this one's.
    if (exitCode !== 0 && !stderr.includes("Invalid argument")) throw new Error(stderr);
  }
}

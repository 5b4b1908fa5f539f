import { existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { volumeDevice, type VolumeSpec } from "../contracts";
import { must } from "../images/command";
import { stateFolder } from "../places";

/**
 * The folder that a host has as /dev/disk. A device that is made here is there for the host at once, before its init
 * too. It must not be on a file system that is mounted with `nodev`.
 * @param folder - The host's own folder.
 */
export function diskFolder(folder: string): string {
  const disks = join(folder, "disk");
  mkdirSync(join(disks, "by-id"), { recursive: true });
  return disks;
}

/** The volumes of a cloud: a sparse file each, and a loop device while it is attached. */
export class Volumes {
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly cloud: string) {}

  /** @param folder - The host's own folder. */
  attach(folder: string, volume: VolumeSpec): Promise<void> {
    return this.next(() => this.attachNow(folder, volume));
  }

  /** @param folder - The host's own folder. */
  detach(folder: string, volume: VolumeSpec): Promise<void> {
    return this.next(() => this.detachNow(folder, volume));
  }

  /** One after the other: a boot and an attach at the same time would make two devices of one file. */
  private next(work: () => Promise<void>): Promise<void> {
    const turn = this.last.then(work);
    // A failure is told to who asked for that work.
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async attachNow(folder: string, volume: VolumeSpec): Promise<void> {
    const file = this.file(volume.id);
    const size = volume.sizeGb * 1024 ** 3;
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    if (!existsSync(file)) writeFileSync(file, "", { mode: 0o600 });
    if (statSync(file).size < size) truncateSync(file, size);
    const known = await loopOf(file);
    const device = known ?? (await must(["losetup", "--find", "--show", file])).trim();
    // A loop device keeps the size that its file had, as a Linode keeps a volume's until it is attached or boots.
    if (known) await must(["losetup", "--set-capacity", known]);
    const { rdev } = statSync(device);
    this.hide(folder, rdev);
    const node = join(diskFolder(folder), "by-id", volumeDevice(volume.label));
    // Linux numbers of devices, makedev(3).
    const [major, minor] = [(rdev >> 8) & 0xfff, (rdev & 0xff) | ((rdev >> 12) & 0xfff00)];
    await must(["mknod", "-m", "0660", node, "b", String(major), String(minor)]);
  }

  private async detachNow(folder: string, { id }: VolumeSpec): Promise<void> {
    const device = await loopOf(this.file(id));
    if (!device) return;
    this.hide(folder, statSync(device).rdev);
    await must(["losetup", "--detach", device]);
  }

  async remove(id: number): Promise<void> {
    await this.release(this.file(id));
    rmSync(this.file(id), { force: true });
  }

  /** Frees the loop devices, once nothing runs that could use them. Also after a killed run. */
  async releaseAll(): Promise<void> {
    if (!existsSync(this.folder)) return;
    for (const name of readdirSync(this.folder)) await this.release(join(this.folder, name));
  }

  private async release(file: string): Promise<void> {
    const device = await loopOf(file);
    if (!device) return;
    await must(["losetup", "--detach", device]);
    // The file system of a host that has just ended is unmounted a moment later.
    for (let tries = 0; (await loopOf(file)) === device; tries += 1) {
      if (tries === 100) throw new Error(`${device}, which is ${file}, is still in use`);
      await sleep(100);
    }
  }

  /** Removes the names that a device has on a host; one of them may be from before the volume had another label. */
  private hide(folder: string, rdev: number): void {
    const names = join(folder, "disk/by-id");
    // A host that was removed has no folder any more.
    if (!existsSync(names)) return;
    for (const name of readdirSync(names).map((entry) => join(names, entry)))
      if (statSync(name).rdev === rdev) rmSync(name);
  }

  private get folder(): string {
    return join(stateFolder(this.cloud), "volumes");
  }

  private file(id: number): string {
    return join(this.folder, `${id}.img`);
  }
}

/** The loop device that a file is; undefined: none. */
async function loopOf(file: string): Promise<string | undefined> {
  if (!existsSync(file)) return undefined;
  const listed = await must(["losetup", "--noheadings", "--output", "NAME", "--associated", file]);
  const [device] = listed.split("\n").filter(Boolean);
  return device && join("/dev", basename(device.trim()));
}

import type {
  Hosts,
  HostSpec,
  ObjectAccess,
  ObjectStore,
  PacketFilter,
  RecordSet,
  VolumeSpec,
  Zones,
} from "../../../local-cloud/contracts";

/** Hosts that only remember. `failBoot` makes the next boots fail with its text. */
export class FakeHosts implements Hosts {
  readonly running = new Map<string, HostSpec>();
  readonly known = new Set<string>();
  readonly filters = new Map<string, PacketFilter | undefined>();
  readonly calls: string[] = [];
  /** Volumes that were attached once; without `host` they are detached. */
  readonly volumes = new Map<number, VolumeSpec & { host?: string }>();
  failBoot: string | undefined;
  /** Milliseconds that a boot takes. */
  bootTime = 0;

  async boot(spec: HostSpec): Promise<void> {
    this.calls.push(`boot ${spec.name}`);
    this.known.add(spec.name);
    await new Promise((resolve) => setTimeout(resolve, this.bootTime));
    if (this.failBoot !== undefined) throw new Error(this.failBoot);
    this.running.set(spec.name, spec);
  }

  async powerOff(name: string): Promise<void> {
    this.calls.push(`powerOff ${name}`);
    this.running.delete(name);
  }

  async reboot(name: string): Promise<void> {
    this.calls.push(`reboot ${name}`);
  }

  async remove(name: string): Promise<void> {
    this.calls.push(`remove ${name}`);
    this.running.delete(name);
    this.known.delete(name);
    this.filters.delete(name);
  }

  async isRunning(name: string): Promise<boolean> {
    return this.running.has(name);
  }

  async filter(name: string, rules: PacketFilter | undefined): Promise<void> {
    this.calls.push(`filter ${name}`);
    this.filters.set(name, rules);
  }

  async attachVolume(name: string, volume: VolumeSpec): Promise<void> {
    this.volumes.set(volume.id, { host: name, ...volume });
  }

  async growVolume(name: string, volume: VolumeSpec): Promise<void> {
    this.volumes.set(volume.id, { host: name, ...volume });
  }

  async detachVolume(_name: string, volume: VolumeSpec): Promise<void> {
    this.volumes.set(volume.id, { ...volume });
  }

  async removeVolume(id: number): Promise<void> {
    this.volumes.delete(id);
  }
}

/** An object storage that only remembers. */
export class FakeObjects implements ObjectStore {
  access: ObjectAccess | undefined;
  /** Buckets that are not empty. */
  readonly full = new Set<string>();

  async serve(access: ObjectAccess): Promise<void> {
    this.access = access;
  }

  async usage(label: string): Promise<{ objects: number; size: number }> {
    return this.full.has(label) ? { objects: 2, size: 300 } : { objects: 0, size: 0 };
  }

  async removeBucket(label: string): Promise<boolean> {
    return !this.full.has(label);
  }
}

/** A DNS that only remembers; refuses what a name server would refuse. */
export class FakeZones implements Zones {
  readonly zones = new Map<string, Map<string, RecordSet>>();
  readonly pointers = new Map<string, string>();

  async create(zone: string): Promise<void> {
    if (!this.zones.has(zone)) this.zones.set(zone, new Map());
  }

  async remove(zone: string): Promise<void> {
    this.zones.delete(zone);
  }

  async replace(zone: string, records: RecordSet): Promise<void> {
    const sets = this.zones.get(zone);
    if (sets === undefined) throw new Error(`no zone ${zone}`);
    if (records.name !== zone && !records.name.endsWith(`.${zone}`))
      throw new Error(`${records.name} is not in ${zone}`);
    const key = `${records.name} ${records.type}`;
    if (records.contents.length === 0) sets.delete(key);
    else sets.set(key, records);
  }

  async pointer(address: string, name: string | undefined): Promise<void> {
    if (name === undefined) this.pointers.delete(address);
    else this.pointers.set(address, name);
  }

  async lookup(name: string, type: string): Promise<string[]> {
    return [...this.zones.values()].flatMap((sets) => sets.get(`${name} ${type}`)?.contents ?? []);
  }
}

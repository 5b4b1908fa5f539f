/** `linode:index/instance:Instance`. */
import type { Config, Disk, Linode, LinodeIPsResponse } from "./vendor-types";
import { Unfinished, type ApiResource, type OldState, type Present } from "../api-resource";
import type { LinodeApi } from "./api";
import { LinodeError } from "./api";
import {
  createBody,
  defaultType,
  instanceInputs,
  instanceReplaceOn,
  updateBody,
  type InstanceInputs,
} from "./instance-inputs";
import { instanceOutputs, isBooted, readableInputs, type InstanceFacts } from "./instance-outputs";

/** How long the vendor's plugin waits. */
const minutes = 60_000;
const limits = { create: 15 * minutes, update: 60 * minutes, delete: 10 * minutes };

export function instanceResource(settings: {
  /** Provider input `skipInstanceReadyPoll`. */
  skipReady: boolean;
  /** Provider input `skipInstanceDeletePoll`. */
  skipDelete: boolean;
}): ApiResource<LinodeApi, InstanceInputs> {
  return {
    inputs: instanceInputs,
    replaceOn: instanceReplaceOn,
    // As in the vendor's schema: a disk of its own may have a password.
    secretOutputs: ["rootPass", "disks"],
    defaults: { type: defaultType, watchdogEnabled: true, privateIp: false, group: "" },
    chosenByApi: ["label", "tags", "backupsEnabled", "booted", "diskEncryption", "swapSize", "alerts"],
    sets: ["tags"],

    async create(api, inputs) {
      const linode = await api.post<Linode>("/linode/instances", createBody(inputs));
      try {
        const body = updateBody({ ...inputs, watchdogEnabled: true, alerts: undefined }, inputs, linode);
        if (body) await api.put(`/linode/instances/${linode.id}`, body);
        const status = inputs.image === undefined || inputs.booted === false ? "offline" : "running";
        if (!settings.skipReady) await waitForStatus(api, linode.id, status, limits.create);
        return present(await facts(api, linode.id), inputs);
      } catch (error) {
        throw new Unfinished(String(linode.id), { ...inputs, rootPass: undefined, label: linode.label }, error);
      }
    },

    async read(api, id, old) {
      const linode = await api.find<Linode>(`/linode/instances/${numeric(id)}`);
      return linode && present(await facts(api, linode.id, linode), old.inputs);
    },

    async update(api, id, inputs, old) {
      await change(api, numeric(id), inputs, old);
      return present(await facts(api, numeric(id)), inputs);
    },

    async delete(api, id) {
      const linode = numeric(id);
      if (settings.skipDelete) return api.remove(`/linode/instances/${linode}`);
      try {
        await api.andWait("linode_delete", linode, limits.delete, () => api.delete(`/linode/instances/${linode}`));
      } catch (error) {
        if (!(error instanceof LinodeError && error.status === 404)) throw error;
      }
    },
  };
}

/** One step for each kind of change, in the vendor's order. */
async function change(
  api: LinodeApi,
  id: number,
  inputs: InstanceInputs,
  old: OldState<InstanceInputs>,
): Promise<void> {
  for (const name of ["region", "swapSize", "privateIp"] as const) {
    if (inputs[name] !== undefined && inputs[name] !== old.outputs[name]) {
      throw new Error(`Instance ${id}: this stand-in cannot change ${name} of an existing instance`);
    }
  }
  const path = `/linode/instances/${id}`;
  const linode = await api.get<Linode>(path);
  const body = updateBody(old.inputs, inputs, linode);
  if (body) await api.put(path, body);
  if (inputs.backupsEnabled !== undefined && inputs.backupsEnabled !== linode.backups.enabled) {
    await api.post(`${path}/backups/${inputs.backupsEnabled ? "enable" : "cancel"}`);
  }
  const type = inputs.type ?? defaultType;
  const resize = type !== linode.type;
  if (resize) await resizeTo(api, id, type, inputs, linode);
  // Outputs without a status are those of an unfinished create.
  const firstBoot = old.outputs.status === undefined && inputs.image !== undefined;
  const wanted = inputs.booted ?? (firstBoot || (resize ? isBooted(linode) : undefined));
  const running = resize ? false : isBooted(linode);
  if (wanted !== undefined && wanted !== running) await setPower(api, id, wanted);
}

/** Leaves the instance powered off. */
async function resizeTo(api: LinodeApi, id: number, type: string, inputs: InstanceInputs, now: Linode): Promise<void> {
  const migration = inputs.migrationType ?? "cold";
  if (migration === "cold" && isBooted(now)) await setPower(api, id, false);
  const body = { type, migration_type: migration, allow_auto_disk_resize: inputs.resizeDisk ?? false };
  await api.andWait("linode_resize", id, limits.update, () => api.post(`/linode/instances/${id}/resize`, body));
  await waitForStatus(api, id, "offline", limits.update);
}

async function setPower(api: LinodeApi, id: number, on: boolean): Promise<void> {
  const [action, verb] = on ? (["linode_boot", "boot"] as const) : (["linode_shutdown", "shutdown"] as const);
  await api.andWait(action, id, limits.update, () => api.post(`/linode/instances/${id}/${verb}`));
  await waitForStatus(api, id, on ? "running" : "offline", limits.update);
}

/** Throws what the API says about it when the instance cannot boot, rather than wait for nothing. */
async function waitForStatus(api: LinodeApi, id: number, status: string, limitMs: number): Promise<void> {
  await api.until(`Linode ${id} with status ${status}`, limitMs, async () => {
    const now = (await api.get<Linode>(`/linode/instances/${id}`)).status;
    if (now === "offline" && status === "running") {
      const event = await api.lastEvent("linode_boot", id);
      if (event?.status === "failed")
        throw new Error(`Linode ${id} did not boot: ${event.message ?? "no reason given"}`);
    }
    return now === status ? now : undefined;
  });
}

async function facts(api: LinodeApi, id: number, known?: Linode): Promise<InstanceFacts> {
  const path = `/linode/instances/${id}`;
  const [linode, ips, disks, configs] = await Promise.all([
    known ?? api.get<Linode>(path),
    api.get<LinodeIPsResponse>(`${path}/ips`),
    api.list<Disk>(`${path}/disks`),
    api.list<Config>(`${path}/configs`),
  ]);
  return { linode, ips, disks, configs };
}

function present(facts: InstanceFacts, inputs: Partial<InstanceInputs>): Present<InstanceInputs> {
  return {
    id: String(facts.linode.id),
    outputs: instanceOutputs(facts, inputs),
    inputs: readableInputs(facts),
  };
}

/** An id from the state or from `import`. Throws when it is no number. */
export function numeric(id: string): number {
  if (!/^\d+$/.test(id)) throw new Error(`"${id}" is not a Linode id: a number is expected`);
  return Number(id);
}

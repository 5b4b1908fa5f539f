/** `linode:index/volume:Volume`. */
import type { Volume } from "./vendor-types";
import { z } from "zod";
import type { ApiResource, Present } from "../api-resource";
import type { LinodeApi } from "./api";
import { numeric } from "./instance";

const volumeInputs = z.strictObject({
  label: z.string().min(1).max(32),
  region: z.string().optional(),
  /** GB. */
  size: z.number().int().optional(),
  linodeId: z.number().int().optional(),
  encryption: z.enum(["enabled", "disabled"]).optional(),
  tags: z.array(z.string()).optional(),
});
type VolumeInputs = z.infer<typeof volumeInputs>;

/** The vendor's default, in GB. */
const defaultSize = 20;
const limitMs = 15 * 60_000;

export const volumeResource: ApiResource<LinodeApi, VolumeInputs> = {
  inputs: volumeInputs,
  replaceOn: ["region", "encryption"],
  defaults: { size: defaultSize },
  chosenByApi: ["region", "encryption", "linodeId"],
  sets: ["tags"],

  async create(api, inputs) {
    const volume = await api.post<Volume>("/volumes", {
      label: inputs.label,
      region: inputs.region,
      size: inputs.size ?? defaultSize,
      linode_id: inputs.linodeId,
      encryption: inputs.encryption,
      tags: inputs.tags ?? [],
    });
    return present(await active(api, volume.id));
  },
  async read(api, id) {
    const found = await api.find<Volume>(`/volumes/${numeric(id)}`);
    return found && present(found);
  },
  async update(api, id, inputs) {
    const path = `/volumes/${numeric(id)}`;
    const now = await api.put<Volume>(path, { label: inputs.label, tags: inputs.tags ?? [] });
    const size = inputs.size ?? defaultSize;
    if (size !== now.size) {
      await api.post(`${path}/resize`, { size });
      await active(api, now.id);
    }
    if (inputs.linodeId !== undefined && inputs.linodeId !== now.linode_id) {
      if (now.linode_id !== null) await detach(api, now.id);
      await api.post(`${path}/attach`, { linode_id: inputs.linodeId });
    }
    return present(await active(api, now.id));
  },
  async delete(api, id) {
    const found = await api.find<Volume>(`/volumes/${numeric(id)}`);
    if (found && found.linode_id !== null) await detach(api, found.id);
    await api.remove(`/volumes/${numeric(id)}`);
  },
};

async function detach(api: LinodeApi, id: number): Promise<void> {
  await api.post(`/volumes/${id}/detach`);
  await api.until(`volume ${id} detached`, limitMs, async () => {
    const volume = await api.get<Volume>(`/volumes/${id}`);
    return volume.linode_id === null ? volume : undefined;
  });
}

function active(api: LinodeApi, id: number): Promise<Volume> {
  return api.until(`volume ${id} active`, limitMs, async () => {
    const volume = await api.get<Volume>(`/volumes/${id}`);
    return volume.status === "active" ? volume : undefined;
  });
}

function present(volume: Volume): Present<VolumeInputs> {
  const inputs: VolumeInputs = {
    label: volume.label,
    region: volume.region,
    size: volume.size,
    linodeId: volume.linode_id ?? undefined,
    encryption: volume.encryption as VolumeInputs["encryption"],
    tags: volume.tags,
  };
  return {
    id: String(volume.id),
    outputs: {
      ...inputs,
      linodeId: volume.linode_id ?? 0,
      filesystemPath: volume.filesystem_path,
      status: volume.status,
    },
    inputs,
  };
}

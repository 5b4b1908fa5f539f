/** `linode:index/sshKey:SshKey`: a key in the account's profile. */
import type { SSHKey } from "./vendor-types";
import { z } from "zod";
import type { ApiResource, Present } from "../api-resource";
import type { LinodeApi } from "./api";
import { numeric } from "./instance";
import { timestamp } from "./time";

const sshKeyInputs = z.strictObject({ label: z.string().min(1).max(64), sshKey: z.string() });
type SshKeyInputs = z.infer<typeof sshKeyInputs>;

export const sshKeyResource: ApiResource<LinodeApi, SshKeyInputs> = {
  inputs: sshKeyInputs,
  replaceOn: ["sshKey"],

  async create(api, inputs) {
    return present(await api.post<SSHKey>("/profile/sshkeys", { label: inputs.label, ssh_key: inputs.sshKey }));
  },
  async read(api, id) {
    const found = await api.find<SSHKey>(`/profile/sshkeys/${numeric(id)}`);
    return found && present(found);
  },
  async update(api, id, inputs) {
    return present(await api.put<SSHKey>(`/profile/sshkeys/${numeric(id)}`, { label: inputs.label }));
  },
  delete: (api, id) => api.remove(`/profile/sshkeys/${numeric(id)}`),
};

function present(key: SSHKey): Present<SshKeyInputs> {
  const inputs = { label: key.label, sshKey: key.ssh_key };
  return { id: String(key.id), outputs: { ...inputs, created: timestamp(key.created) }, inputs };
}

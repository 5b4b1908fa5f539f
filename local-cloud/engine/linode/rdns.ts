/** `linode:index/rdns:Rdns`. The id is the address. */
import type { IPAddress } from "./vendor-types";
import { z } from "zod";
import type { ApiResource, Present } from "../api-resource";
import { LinodeError, type LinodeApi } from "./api";
import { duration } from "./time";

const rdnsInputs = z.strictObject({
  address: z.string(),
  rdns: z.string().min(3).max(254),
  waitForAvailable: z.boolean().optional(),
  timeouts: z.strictObject({ create: z.string().optional(), update: z.string().optional() }).optional(),
});
type RdnsInputs = z.infer<typeof rdnsInputs>;

/** The vendor's default for both. */
const limit = "15m";

export const rdnsResource: ApiResource<LinodeApi, RdnsInputs> = {
  inputs: rdnsInputs,
  replaceOn: ["address"],
  defaults: { waitForAvailable: false },

  async create(api, inputs) {
    await api.get(path(inputs.address));
    return present(await setName(api, inputs, inputs.timeouts?.create), inputs);
  },

  async read(api, id, old) {
    const found = await api.find<IPAddress>(path(id));
    return found && present(found, old.inputs);
  },

  async update(api, id, inputs, old) {
    const changed = inputs.rdns !== old.outputs.rdns;
    return present(changed ? await setName(api, inputs, inputs.timeouts?.update) : await api.get(path(id)), inputs);
  },

  /** Gives the vendor's default name back. */
  async delete(api, id) {
    await api.put(path(id), { rdns: null }).catch((error: unknown) => {
      if (!(error instanceof LinodeError && error.status === 404)) throw error;
    });
  },
};

/** The API takes a name only when it resolves to the address; `waitForAvailable` asks again until it does. */
async function setName(api: LinodeApi, inputs: RdnsInputs, timeout = limit): Promise<IPAddress> {
  const set = (): Promise<IPAddress> => api.put<IPAddress>(path(inputs.address), { rdns: inputs.rdns });
  if (!inputs.waitForAvailable) return set();
  let refusal: LinodeError | undefined;
  try {
    return await api.until(`reverse name of ${inputs.address}`, duration(timeout), () =>
      set().catch((error: unknown) => {
        if (!(error instanceof LinodeError && error.status === 400)) throw error;
        refusal = error;
        return undefined;
      }),
    );
  } catch (error) {
    if (!refusal || error instanceof LinodeError) throw error;
    throw new Error(`${(error as Error).message}; last answer: ${refusal.message}`, { cause: error });
  }
}

const path = (address: string): string => `/networking/ips/${encodeURIComponent(address)}`;

function present(ip: IPAddress, inputs: Partial<RdnsInputs>): Present<RdnsInputs> {
  const readable = { address: ip.address, rdns: ip.rdns ?? "" };
  return {
    id: ip.address,
    outputs: { ...inputs, ...readable, waitForAvailable: inputs.waitForAvailable ?? false },
    inputs: readable,
  };
}

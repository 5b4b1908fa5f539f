/** What all resources of the random plugin have in common: drawn once, kept in the state, drawn again when an input changes. */
import { z } from "zod";
import type { ApiResource, Present, Properties } from "../api-resource";

/** Any change of them draws a new value. */
export const keepers = z.record(z.string(), z.string()).optional();

/** @param imported - The value that the user's import names, with the inputs that would lead to it. */
export function drawnResource<Inputs extends Properties>(kind: {
  inputs: z.ZodType<Inputs> & { shape: object };
  secretOutputs?: readonly string[];
  draw(inputs: Inputs): Promise<Present<Inputs>>;
  imported(text: string): Promise<Present<Inputs>>;
}): ApiResource<undefined, Properties> {
  return {
    inputs: kind.inputs as unknown as z.ZodType<Properties>,
    replaceOn: Object.keys(kind.inputs.shape),
    secretOutputs: kind.secretOutputs,
    create: async (_api, inputs) => {
      const { id, outputs } = await kind.draw(kind.inputs.parse(inputs));
      return { id, outputs: { ...inputs, ...outputs }, inputs: {} };
    },
    read: async (_api, id, old) => {
      if (Object.keys(old.outputs).length === 0) return kind.imported(id);
      return { id, outputs: old.outputs, inputs: {} };
    },
    delete: async () => undefined,
  };
}

/** `RandomBytes`, `RandomId` and `RandomUuid`. */
import { randomBytes, randomUUID } from "node:crypto";
import { z } from "zod";
import { drawnResource, keepers } from "./drawn";

const bytesInputs = z.strictObject({ keepers, length: z.int().min(1) });
const idInputs = z.strictObject({ keepers, byteLength: z.int().min(1), prefix: z.string().optional() });
const uuidInputs = z.strictObject({ keepers });

/** As in the vendor's plugin the identifier, which is no secret, is the value. */
export const randomBytesResource = drawnResource<z.infer<typeof bytesInputs>>({
  inputs: bytesInputs,
  secretOutputs: ["base64", "hex"],
  draw: async ({ length }) => bytes(randomBytes(length)),
  imported: async (text) => bytes(decoded(text, "base64")),
});

export const randomIdResource = drawnResource<z.infer<typeof idInputs>>({
  inputs: idInputs,
  draw: async ({ byteLength, prefix }) => identifier(randomBytes(byteLength), prefix),
  imported: async (text) => {
    const [value, prefix] = text.split(",").reverse();
    return identifier(decoded(value!, "base64url"), prefix);
  },
});

export const randomUuidResource = drawnResource<z.infer<typeof uuidInputs>>({
  inputs: uuidInputs,
  draw: async () => uuid(randomUUID()),
  imported: async (text) => uuid(z.uuid().parse(text)),
});

function bytes(value: Buffer) {
  const { length } = value;
  const base64 = value.toString("base64");
  return { id: base64, outputs: { base64, hex: value.toString("hex"), length }, inputs: { length } };
}

function identifier(value: Buffer, prefix: string | undefined) {
  const start = prefix ?? "";
  const hex = value.toString("hex");
  const outputs = {
    b64Std: start + value.toString("base64"),
    b64Url: start + value.toString("base64url"),
    byteLength: value.length,
    dec: start + BigInt(`0x${hex}`).toString(),
    hex: start + hex,
    ...(prefix && { prefix }),
  };
  return { id: value.toString("base64url"), outputs, inputs: { byteLength: value.length, prefix } };
}

const uuid = (result: string) => ({ id: result, outputs: { result }, inputs: {} });

function decoded(text: string, encoding: "base64" | "base64url"): Buffer {
  const value = Buffer.from(text, encoding);
  if (value.length === 0 || value.toString(encoding) !== text) throw new Error(`the identifier is not ${encoding}`);
  return value;
}

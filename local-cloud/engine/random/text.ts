/** `RandomPassword` and `RandomString`. */
import { randomInt } from "node:crypto";
import { hash } from "bcryptjs";
import { z } from "zod";
import type { Present } from "../api-resource";
import { drawnResource, keepers } from "./drawn";

/** The characters and the cost of the vendor's plugin (terraform-provider-random, `internal/random`). */
const alphabet = {
  Lower: "abcdefghijklmnopqrstuvwxyz",
  Numeric: "0123456789",
  Special: "!@#$%&*()-_=+[]{}<>:?",
  Upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
};
const bcryptCost = 10;

const on = z.boolean().default(true);
const least = z.int().min(0).default(0);
const inputs = z
  .strictObject({
    keepers,
    length: z.int().min(1),
    lower: on,
    minLower: least,
    minNumeric: least,
    minSpecial: least,
    minUpper: least,
    numeric: z.boolean().optional(),
    /** The former name of `numeric`. */
    number: z.boolean().optional(),
    overrideSpecial: z.string().optional(),
    special: on,
    upper: on,
  })
  .superRefine((given, context) => {
    const sum = given.minLower + given.minNumeric + given.minSpecial + given.minUpper;
    if (given.length < sum) {
      context.addIssue({
        code: "custom",
        path: ["length"],
        message: `must be at least the sum of the minimums, ${sum}`,
      });
    }
    if (given.number !== undefined && given.numeric !== undefined && given.number !== given.numeric) {
      context.addIssue({
        code: "custom",
        path: ["number"],
        message: "is the former name of numeric and differs from it",
      });
    }
    const special = given.special && given.overrideSpecial !== "";
    if (!given.lower && !given.upper && !special && !(given.numeric ?? given.number ?? true)) {
      context.addIssue({ code: "custom", path: ["length"], message: "no kind of character is allowed" });
    }
  });
type Inputs = z.infer<typeof inputs>;

export const randomPasswordResource = drawnResource<Inputs>({
  inputs,
  secretOutputs: ["result", "bcryptHash"],
  draw: async (given) => password(given, draw(given)),
  imported: (text) => password(imported(text), text),
});

export const randomStringResource = drawnResource<Inputs>({
  inputs,
  draw: async (given) => string(given, draw(given)),
  imported: async (text) => string(imported(text), text),
});

/** The identifier of a password is no secret, so it is always the same word. */
async function password(given: Inputs, result: string): Promise<Present<Inputs>> {
  const bcryptHash = await hash(result, bcryptCost);
  // The vendor's plugin writes the older mark of the same algorithm.
  return { ...string(given, result, { bcryptHash: bcryptHash.replace(/^\$2b\$/, "$2a$") }), id: "none" };
}

function string(given: Inputs, result: string, more: object = {}): Present<Inputs> {
  const numeric = given.numeric ?? given.number ?? true;
  const { length } = given;
  return { id: result, outputs: { ...given, numeric, number: numeric, result, ...more }, inputs: { length } };
}

function imported(text: string): Inputs {
  return inputs.parse({ length: [...text].length });
}

/** The asked number of each kind first, the rest of all kinds, in random order. */
function draw(given: Inputs): string {
  const special = given.overrideSpecial || alphabet.Special;
  const kinds = [
    { allowed: given.lower, least: given.minLower, characters: alphabet.Lower },
    { allowed: given.numeric ?? given.number ?? true, least: given.minNumeric, characters: alphabet.Numeric },
    { allowed: given.special, least: given.minSpecial, characters: special },
    { allowed: given.upper, least: given.minUpper, characters: alphabet.Upper },
  ];
  const drawn = kinds.flatMap((kind) => pick(kind.characters, kind.least));
  const all = kinds.filter((kind) => kind.allowed).map((kind) => kind.characters);
  drawn.push(...pick(all.join(""), given.length - drawn.length));
  for (let last = drawn.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [drawn[last], drawn[other]] = [drawn[other]!, drawn[last]!];
  }
  return drawn.join("");
}

function pick(characters: string, count: number): string[] {
  const each = [...characters];
  return Array.from({ length: count }, () => each[randomInt(each.length)]!);
}

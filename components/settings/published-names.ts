import { z } from "zod";

const modes = ["none", "testing", "enforce"] as const;

/** What each hosted domain offers at names of its own, beside mail itself. */
export const publishedNamesShape = {
  autoconfiguration: z.boolean("must be true or false").default(true),
  mtaSts: z
    .enum(modes, { error: (issue) => `"${issue.input}" is unknown; use one of ${modes.join(", ")}` })
    .default("testing"),
};

import { z } from "zod";

/** Keys of what a browser meets. */
export const webShape = {
  webmail: z.boolean("must be true or false").default(true),
};

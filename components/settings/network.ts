import { z } from "zod";

/** How the host meets other hosts. */
export const networkSettings = {
  ipv6: z.boolean("must be true or false").default(true),
  manageSieve: z.boolean("must be true or false").default(false),
};

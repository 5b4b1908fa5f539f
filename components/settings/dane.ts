import { z } from "zod";

/** TLS between mail servers by keys in a signed DNS (RFC 7672), in both directions. */
export const daneShape = {
  dane: z.boolean("must be true or false").default(false),
  daneOutbound: z.boolean("must be true or false").default(true),
};

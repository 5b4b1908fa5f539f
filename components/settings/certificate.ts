import { z } from "zod";

const kinds = ["http-01", "dns-01", "existing"] as const;

const pattern = /^(\/[A-Za-z0-9._@-]+)+$/;

const path = (example: string) =>
  z
    .string()
    .refine((value) => value === "" || (pattern.test(value) && !value.split("/").includes("..")), {
      error: (issue) =>
        `"${issue.input}" is not a plain absolute path on the host (letters, digits and . _ @ -), like "${example}"`,
    })
    .meta({ examples: [example] })
    .default("");

/** Where the host's certificate comes from. */
export const certificateShape = {
  certificate: z
    .enum(kinds, { error: (issue) => `"${issue.input}" is unknown; use one of ${kinds.join(", ")}` })
    .default("http-01"),
  certificateFile: path("/root/tls/fullchain.pem"),
  certificateKeyFile: path("/root/tls/privkey.pem"),
};

import { z } from "zod";

const record = z.strictObject({
  id: z.string(),
  zone: z.string(),
  name: z.string(),
  type: z.string(),
  content: z.string(),
  ttl: z.number(),
  proxied: z.boolean(),
  priority: z.number().optional(),
  data: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  comment: z.string().nullable(),
  tags: z.array(z.string()),
  settings: z.record(z.string(), z.boolean()),
  created_on: z.string(),
  modified_on: z.string(),
  comment_modified_on: z.string().optional(),
});

/** What the Cloudflare API remembers; zones are an option of the cloud. */
export const cloudflareState = z.strictObject({ records: z.array(record) });

export type CloudflareRecord = z.infer<typeof record>;

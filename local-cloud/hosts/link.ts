import { createHash } from "node:crypto";

/** Outer end of a host's link in the cloud's namespace; Linux allows 15 characters. */
export function linkName(host: string): string {
  return `h${createHash("md5").update(host).digest("hex").slice(0, 10)}`;
}

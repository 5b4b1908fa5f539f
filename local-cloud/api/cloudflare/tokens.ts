import { createHash } from "node:crypto";
import { CloudflareError } from "./errors";

/** A token of the account, as the dashboard would make it. */
export interface CloudflareToken {
  /** Letters, digits, `_` and `-`; the real ones have 40 characters. */
  token: string;
  /** Permission `Zone / DNS`. Default `edit`. */
  dns?: "none" | "read" | "edit";
  /** The zones that it is limited to; undefined: all of the account. */
  zones?: string[];
}

/** Who asks; every check of a permission is here. */
export class Caller {
  constructor(private readonly token: CloudflareToken) {}

  /** Stable, so that a client sees the same token at each verify. */
  get id(): string {
    return createHash("md5").update(this.token.token).digest("hex");
  }

  sees(zone: string): boolean {
    return this.token.zones?.includes(zone) ?? true;
  }

  /** @throws CloudflareError 403. */
  require(zone: string, wanted: "zone" | "read" | "edit"): void {
    if (!this.sees(zone)) throw new CloudflareError(403, 9109, "Unauthorized to access requested resource");
    const has = this.token.dns ?? "edit";
    if (wanted === "zone" || has === "edit" || has === wanted) return;
    throw new CloudflareError(403, 10000, "Authentication error");
  }
}

/** Finds the caller of a request. @throws CloudflareError as the real API does for each kind of wrong header. */
export function callerOf(tokens: CloudflareToken[], header: string | undefined): Caller {
  if (header === undefined)
    throw new CloudflareError(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers");
  const text = /^Bearer ([A-Za-z0-9_-]+)$/.exec(header)?.[1];
  if (text === undefined) throw new CloudflareError(400, 6003, "Invalid request headers");
  const token = tokens.find((known) => known.token === text);
  if (token === undefined) throw new CloudflareError(403, 9109, "Invalid access token");
  return new Caller(token);
}

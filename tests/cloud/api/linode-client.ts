import "./plain-json";
import { createRequire } from "node:module";
import type * as client from "../../../node_modules/@linode/api-v4/lib/index";

/** The vendor's own client. Its package names no types for a CommonJS reader, so they come by their path. */
export const linode = createRequire(__filename)("@linode/api-v4") as typeof client;
export type { APIError, DomainRecord, Linode, Volume } from "../../../node_modules/@linode/api-v4/lib/index";

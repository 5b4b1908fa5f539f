/** Stand-in of the `cloudflare` plugin 6.17.0. */
import { z } from "zod";
import { servePlugin } from "../api-provider";
import { CloudflareApi } from "./api";
import type { Properties } from "../api-resource";
import { dnsRecordResource } from "./dns-record";

const text = z.string().optional();
const config = z.strictObject({
  /** The vendor's plugin wants 40 of these characters. */
  apiToken: z
    .string()
    .regex(/^[A-Za-z0-9_-]{40,}$/, "API tokens have 40 of the characters a-z, A-Z, 0-9, hyphen and underscore")
    .optional(),
  apiKey: text,
  email: text,
  apiUserServiceKey: text,
  baseUrl: text,
  userAgentOperatorSuffix: text,
});

/** What a program asks of a zone: the vendor's plugin answers more. */
async function zoneOf(api: CloudflareApi, zoneId: unknown): Promise<Properties> {
  const { id, name, status, paused, type } = await api.zone(z.string().parse(zoneId));
  return { id, zoneId: id, name, status, paused: paused ?? false, type };
}

servePlugin<CloudflareApi>({
  name: "cloudflare",
  version: "6.17.0",
  config,
  configure({ version: _version, ...values }, signal) {
    const given = config.parse(values);
    const apiToken = given.apiToken || process.env.CLOUDFLARE_API_TOKEN;
    if (!apiToken && !given.apiUserServiceKey && !(given.apiKey && given.email)) {
      throw new Error("cloudflare: the provider needs apiToken (or CLOUDFLARE_API_TOKEN)");
    }
    const api = new CloudflareApi({ ...given, apiToken }, signal);
    return {
      api,
      resources: { "cloudflare:index/dnsRecord:DnsRecord": dnsRecordResource },
      functions: { "cloudflare:index/getZone:getZone": ({ zoneId }) => zoneOf(api, zoneId) },
    };
  },
});

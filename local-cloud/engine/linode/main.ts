/** Stand-in of the `linode` plugin 5.1.1. */
import { z } from "zod";
import { servePlugin } from "../api-provider";
import { LinodeApi } from "./api";
import { linodeFunctions } from "./functions";
import { linodeResources } from "./resources";

/** The SDK sends booleans and numbers of a provider as JSON text. */
const milliseconds = z.string().regex(/^\d+$/, "a number of milliseconds is expected").optional();
const flag = z.enum(["true", "false"]).optional();

const config = z.strictObject({
  token: z.string().optional(),
  url: z.string().optional(),
  apiVersion: z.string().optional(),
  eventPollMs: milliseconds,
  minRetryDelayMs: milliseconds,
  maxRetryDelayMs: milliseconds,
  skipInstanceReadyPoll: flag,
  skipInstanceDeletePoll: flag,
  skipImplicitReboots: flag,
  disableInternalCache: flag,
  uaPrefix: z.string().optional(),
  objUseTempKeys: flag,
  objAccessKey: z.string().optional(),
  objSecretKey: z.string().optional(),
});

servePlugin<LinodeApi>({
  name: "linode",
  version: "5.1.1",
  config,
  configure({ version: _version, ...values }, signal) {
    const given = config.parse(values);
    const { LINODE_TOKEN, LINODE_URL, LINODE_API_VERSION } = process.env;
    const token = given.token || LINODE_TOKEN;
    if (!token) throw new Error("linode: the provider needs a token (input token, or LINODE_TOKEN)");
    const api = new LinodeApi(
      {
        token,
        url: given.url || LINODE_URL,
        apiVersion: given.apiVersion || LINODE_API_VERSION,
        eventPollMs: number(given.eventPollMs),
        maxRetryDelayMs: number(given.maxRetryDelayMs),
      },
      signal,
    );
    const resources = linodeResources(
      {
        skipReady: given.skipInstanceReadyPoll === "true",
        skipDelete: given.skipInstanceDeletePoll === "true",
      },
      {
        objAccessKey: given.objAccessKey,
        objSecretKey: given.objSecretKey,
        objUseTempKeys: given.objUseTempKeys === "true",
      },
    );
    return { api, resources, functions: linodeFunctions(api) };
  },
});

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

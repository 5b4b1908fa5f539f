import fastify, { type FastifyServerOptions, type RawRequestDefaultExpression } from "fastify";
import { addresses, type HostSpec, type Hosts, type ObjectStore, type Zones } from "../contracts";
import { acmeProxy } from "./acme-proxy";
import type { App } from "./app";
import { cloudflareApi, type CloudflareOptions, publishCloudflare } from "./cloudflare/plugin";
import type { CloudflareToken } from "./cloudflare/tokens";
import { zoneId } from "./cloudflare/zones";
import type { LinodeContext } from "./linode/context";
import { publishDomains } from "./linode/domains";
import { recover, wantedHosts } from "./linode/instance-life";
import { republishObjects } from "./linode/object-access";
import { linodeApi } from "./linode/plugin";
import { republishInstances } from "./linode/recovery";
import { apiNames } from "./names";
import { oneAtATime } from "./one-at-a-time";
import { readState, Store } from "./state";

export { limitedAcmeDirectory } from "./acme-limits";
export { apiNames } from "./names";
export { zoneId } from "./cloudflare/zones";
export type { CloudflareToken } from "./cloudflare/tokens";

/** Accepted when {@link ApiOptions.tokens} does not say otherwise. Worth nothing outside a local cloud. */
export const defaultTokens = {
  linode: "10ca1c10d0000000000000000000000000000000000000000000000000000001",
  cloudflare: "local-cloud-token-of-cloudflare-00000001",
} as const;

/**
 * One listener, three services: the name becomes the first part of the path. Linode's newest calls, which its own client
 * uses already, have the version `v4beta`.
 */
function routed({ headers, url }: RawRequestDefaultExpression): string {
  const path = (url ?? "/").replace(/^\/v4beta\//, "/v4/");
  return `/${(headers.host ?? "").split(":")[0]!.toLowerCase()}${path}`;
}

/** Bodies are checked with zod; fastify's own JSON schema compilers are not needed, nor loaded. */
const plainCompilers = {
  buildValidator: () => () => () => true,
  buildSerializer: () => () => (data: unknown) => JSON.stringify(data),
} as unknown as NonNullable<FastifyServerOptions["schemaController"]>["compilersFactory"];

/** A Cloudflare token that may edit the DNS of one zone and nothing else, for certificates by dns-01. */
export function zoneToken(zone: string): string {
  return `${zoneId(zone)}-dns-one`;
}

export interface ApiOptions {
  hosts: Hosts;
  zones: Zones;
  objects: ObjectStore;
  /** JSON; made when it is missing, readable by root alone. */
  stateFile: string;
  /** Default: `addresses.apis`. */
  address?: string;
  /** Default 443. */
  port?: number;
  /** Gives PEM text: the chain, and the key. */
  certificateFor: (names: string[]) => Promise<{ cert: string; key: string }>;
  /** Pebble, for example `https://127.0.0.1:14000`; without it the ACME name answers 502. */
  acmeUpstream?: string;
  /** PEM that ends every issued chain, see {@link acmeProxy}. */
  acmeCrossSigned?: string;
  /** Zones of the Cloudflare account. Default: none. */
  cloudflareZones?: string[];
  /** Default: {@link defaultTokens}, each with all rights, and a {@link zoneToken} for each Cloudflare zone. */
  tokens?: { linode?: string[]; cloudflare?: CloudflareToken[] };
  /** Whether a request (`GET /v4/account`) is one too many: it is answered with 429. Default: none is. */
  tooMany?: (request: string) => boolean;
  /** Failures, and background work that failed. */
  log: (line: string) => void;
}

export interface Apis {
  /** The port that was bound; differs from the option only for 0. */
  port: number;
  /** Stops listening, then waits for the work that goes on in the background. */
  close(): Promise<void>;
}

/**
 * Starts the emulated APIs on one HTTPS listener, chosen by `Host`. What the state file holds is written to the DNS,
 * the packet filters and the object storage again before the first request is answered.
 * @throws Error when the address is in use or the state file is damaged.
 */
export async function startApis(options: ApiOptions): Promise<Apis> {
  const { hosts, zones, objects, log } = options;
  const store = new Store(options.stateFile);
  const linode: LinodeContext = { store, hosts, zones, objects, log, background: new Set(), onSystems: new Map() };
  const cloudflare: CloudflareOptions = {
    store,
    dns: zones,
    zones: (options.cloudflareZones ?? []).map((zone) => zone.toLowerCase()),
    tokens: options.tokens?.cloudflare ?? [
      { token: defaultTokens.cloudflare },
      ...(options.cloudflareZones ?? []).map((zone): CloudflareToken => ({ token: zoneToken(zone), zones: [zone] })),
    ],
    log,
  };

  const certificate = await options.certificateFor(Object.values(apiNames));
  // The type of a plain HTTP server is the default of every part; nothing here uses the difference.
  const app = fastify({
    https: certificate,
    forceCloseConnections: true,
    rewriteUrl: routed,
    schemaController: { compilersFactory: plainCompilers },
    routerOptions: { ignoreTrailingSlash: true },
  }) as unknown as App;
  app.setNotFoundHandler((request, reply) =>
    reply.code(421).send({ error: `The local cloud has no service at ${request.headers.host}${request.originalUrl}` }),
  );
  app.addHook("onRequest", async ({ method, originalUrl }, reply) => {
    if (!options.tooMany?.(`${method} ${originalUrl}`)) return;
    const errors = [{ code: 971, message: "Too many requests", reason: "Too many requests" }];
    return reply.code(429).header("retry-after", "1").send({ success: false, errors, messages: [], result: null });
  });
  app.register(
    async (api) => {
      oneAtATime(api);
      linodeApi(api, linode, options.tokens?.linode ?? [defaultTokens.linode], cloudflare.zones);
    },
    { prefix: `/${apiNames.linode}/v4` },
  );
  app.register(
    async (api) => {
      oneAtATime(api);
      cloudflareApi(api, cloudflare);
    },
    { prefix: `/${apiNames.cloudflare}/client/v4` },
  );
  // Port 1 refuses at once: the answer is then 502 with the reason.
  app.register(async (api) => acmeProxy(api, options.acmeUpstream ?? "https://127.0.0.1:1", options.acmeCrossSigned), {
    prefix: `/${apiNames.acme}`,
  });

  await publishCloudflare(cloudflare);
  await publishDomains(linode);
  await republishInstances(linode);
  await republishObjects(linode);
  await app.listen({ host: options.address ?? addresses.apis, port: options.port ?? 443 });
  recover(linode);
  return {
    port: (app.server.address() as { port: number }).port,
    close: async () => {
      await app.close();
      await Promise.all(linode.background);
    },
  };
}

/**
 * The instances that should run, according to the state file; the daemon boots them after a restart, before
 * {@link startApis}. No file: none. @throws Error when the state file is damaged.
 */
export function hostsToBoot(stateFile: string): HostSpec[] {
  return wantedHosts(readState(stateFile));
}

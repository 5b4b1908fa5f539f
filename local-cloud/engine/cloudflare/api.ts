/** The Cloudflare API as the resources use it: the vendor's own client, reduced to zones and DNS records, with errors in one line. */
import type { APIError } from "cloudflare/core/error";
import type { Zone } from "cloudflare/resources/zones/zones";
import type { RecordCreateParams, RecordResponse, RecordUpdateParams } from "cloudflare/resources/dns/records";

/** How to reach the API; one of `apiToken`, `apiKey` with `email`, or `apiUserServiceKey` is needed. */
export interface ApiSettings {
  apiToken?: string;
  apiKey?: string;
  email?: string;
  apiUserServiceKey?: string;
  /** Default `https://api.cloudflare.com/client/v4`. */
  baseUrl?: string;
}

/** The API's refusal, in its own words. */
export class CloudflareError extends Error {
  constructor(
    request: string,
    /** HTTP status; undefined when there was no answer. */
    readonly status: number | undefined,
    reasons: string[],
  ) {
    super(`Cloudflare API: ${request}: ${reasons.join("; ")}${status ? ` (${status})` : ""}`);
  }
}

export class CloudflareApi {
  private client: ReturnType<typeof connect> | undefined;

  constructor(
    private readonly settings: ApiSettings,
    /** Ends requests when the CLI is interrupted. */
    private readonly signal?: AbortSignal,
  ) {}

  zone(id: string): Promise<Zone> {
    return this.send(`reading zone ${id}`, (client) => client.zones.get({ zone_id: id }, { signal: this.signal }));
  }

  createRecord(zone: string, body: object): Promise<RecordResponse> {
    return this.send(`creating a DNS record in zone ${zone}`, (client) =>
      client.dns.records.create({ ...body, zone_id: zone } as RecordCreateParams, { signal: this.signal }),
    );
  }

  /** undefined: there is none with this id. */
  async findRecord(zone: string, id: string): Promise<RecordResponse | undefined> {
    return this.send(`reading DNS record ${id} in zone ${zone}`, (client) =>
      client.dns.records.get(id, { zone_id: zone }, { signal: this.signal }),
    ).catch(unlessMissing);
  }

  updateRecord(zone: string, id: string, body: object): Promise<RecordResponse> {
    return this.send(`updating DNS record ${id} in zone ${zone}`, (client) =>
      client.dns.records.update(id, { ...body, zone_id: zone } as RecordUpdateParams, { signal: this.signal }),
    );
  }

  /** What is gone already is no error. */
  async removeRecord(zone: string, id: string): Promise<void> {
    await this.send(`deleting DNS record ${id} in zone ${zone}`, (client) =>
      client.dns.records.delete(id, { zone_id: zone }, { signal: this.signal }),
    ).catch(unlessMissing);
  }

  private async send<T>(
    what: string,
    request: (client: Awaited<ReturnType<typeof connect>>) => PromiseLike<T>,
  ): Promise<T> {
    this.client ??= connect(this.settings);
    const client = await this.client;
    try {
      return await request(client);
    } catch (error) {
      const { status, errors } = error as Partial<APIError>;
      const reasons = (errors ?? []).map((item) => `${item.message ?? "no reason given"} (code ${item.code ?? "?"})`);
      throw new CloudflareError(what, status, reasons.length > 0 ? reasons : [rootOf(error as Error)]);
    }
  }
}

/** Loaded at the first request: a plugin that is only asked for differences starts sooner. */
async function connect(settings: ApiSettings) {
  const [{ createClient }, { BaseRecords }, { BaseZones }] = await Promise.all([
    import("cloudflare/tree-shakable"),
    import("cloudflare/resources/dns/records"),
    import("cloudflare/resources/zones/zones"),
  ]);
  return createClient({
    resources: [BaseRecords, BaseZones],
    // null, not undefined: else the client takes these from the environment.
    apiToken: settings.apiToken ?? null,
    apiKey: settings.apiKey ?? null,
    apiEmail: settings.email ?? null,
    userServiceKey: settings.apiUserServiceKey ?? null,
    baseURL: settings.baseUrl?.replace(/\/+$/, "") ?? "https://api.cloudflare.com/client/v4",
    maxRetries: 4,
  });
}

/** Why there was no answer: what all the wrapping errors hide. */
function rootOf(error: Error): string {
  return error.cause instanceof Error ? rootOf(error.cause) : error.message;
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof CloudflareError && error.status === 404) return undefined;
  throw error;
}

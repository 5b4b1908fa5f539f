/** The part of the Cloudflare API that the resources use, zones and DNS records, with errors in one line. */
import { setTimeout as sleep } from "node:timers/promises";

/** How to reach the API; one of `apiToken`, `apiKey` with `email`, or `apiUserServiceKey` is needed. */
export interface ApiSettings {
  apiToken?: string;
  apiKey?: string;
  email?: string;
  apiUserServiceKey?: string;
  /** Default `https://api.cloudflare.com/client/v4`. */
  baseUrl?: string;
}

/** A zone, as far as the resources read it. */
export interface Zone {
  id: string;
  name: string;
  status?: string;
  paused?: boolean;
  type?: string;
}

/** A DNS record in the API's own words; dns-record.ts knows its fields. */
export interface DnsRecord extends Record<string, unknown> {
  id: string;
}

/** What every answer is wrapped in. */
interface Envelope<T> {
  result: T;
  errors?: { code?: number; message?: string }[];
}

/** The API's refusal, in its own words. Never holds the request's headers. */
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

/** Refusals that pass by themselves are asked again as often as by the vendor's own clients. */
const retries = 4;
const requestTimeoutMs = 60_000;
const longestPauseMs = 8000;

export class CloudflareApi {
  constructor(
    private readonly settings: ApiSettings,
    /** Ends requests when the CLI is interrupted. */
    private readonly signal?: AbortSignal,
  ) {}

  zone(id: string): Promise<Zone> {
    return this.send<Zone>(`reading zone ${id}`, "GET", ["zones", id]);
  }

  createRecord(zone: string, body: object): Promise<DnsRecord> {
    return this.send(`creating a DNS record in zone ${zone}`, "POST", ["zones", zone, "dns_records"], body);
  }

  /** undefined: there is none with this id. */
  findRecord(zone: string, id: string): Promise<DnsRecord | undefined> {
    const what = `reading DNS record ${id} in zone ${zone}`;
    return this.send<DnsRecord>(what, "GET", ["zones", zone, "dns_records", id]).catch(unlessMissing);
  }

  updateRecord(zone: string, id: string, body: object): Promise<DnsRecord> {
    const what = `updating DNS record ${id} in zone ${zone}`;
    return this.send(what, "PUT", ["zones", zone, "dns_records", id], body);
  }

  /** What is gone already is no error. */
  async removeRecord(zone: string, id: string): Promise<void> {
    const what = `deleting DNS record ${id} in zone ${zone}`;
    await this.send(what, "DELETE", ["zones", zone, "dns_records", id]).catch(unlessMissing);
  }

  private async send<T>(what: string, method: string, path: string[], body?: object): Promise<T> {
    const base = this.settings.baseUrl?.replace(/\/+$/, "") ?? "https://api.cloudflare.com/client/v4";
    const url = [base, ...path.map(encodeURIComponent)].join("/");
    const headers = { ...credentials(this.settings), ...(body && { "Content-Type": "application/json" }) };
    const sent = { method, headers, body: body && JSON.stringify(body) };
    for (let attempt = 0; ; attempt++) {
      const answer = await this.once(url, sent);
      if (answer.status !== undefined && answer.status < 300) return answer.result as T;
      if (attempt >= retries || !passing(answer.status) || this.signal?.aborted)
        throw new CloudflareError(what, answer.status, answer.reasons);
      const pause = answer.retryAfterMs ?? 500 * 2 ** attempt;
      await sleep(Math.min(pause, longestPauseMs), undefined, { signal: this.signal });
    }
  }

  private async once(url: string, request: RequestInit): Promise<Answer> {
    const limit = AbortSignal.timeout(requestTimeoutMs);
    try {
      const signal = this.signal ? AbortSignal.any([this.signal, limit]) : limit;
      const answer = await fetch(url, { ...request, signal });
      const envelope = jsonOf(await answer.text());
      const told = (envelope?.errors ?? []).map(
        ({ message = "no reason given", code = "?" }) => `${message} (code ${code})`,
      );
      return {
        status: answer.ok && !envelope ? undefined : answer.status,
        result: envelope?.result,
        reasons: told.length > 0 ? told : [answer.ok ? "the answer is not JSON" : answer.statusText],
        retryAfterMs: Number(answer.headers.get("retry-after")) * 1000 || undefined,
      };
    } catch (error) {
      return { status: undefined, result: undefined, reasons: [rootOf(error as Error)] };
    }
  }
}

interface Answer {
  /** undefined: nobody answered, or not as this API does. */
  status: number | undefined;
  result: unknown;
  reasons: string[];
  retryAfterMs?: number;
}

function credentials({ apiToken, apiKey, email, apiUserServiceKey }: ApiSettings): Record<string, string> {
  if (apiToken) return { Authorization: `Bearer ${apiToken}` };
  if (apiKey && email) return { "X-Auth-Key": apiKey, "X-Auth-Email": email };
  return apiUserServiceKey ? { "X-Auth-User-Service-Key": apiUserServiceKey } : {};
}

function passing(status: number | undefined): boolean {
  return status === undefined || [408, 409, 429].includes(status) || status >= 500;
}

function jsonOf(text: string): Envelope<unknown> | undefined {
  try {
    return JSON.parse(text) as Envelope<unknown>;
  } catch {
    return undefined;
  }
}

/** Why there was no answer: what all the wrapping errors hide. */
function rootOf(error: Error): string {
  return error.cause instanceof Error ? rootOf(error.cause) : error.message;
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof CloudflareError && error.status === 404) return undefined;
  throw error;
}

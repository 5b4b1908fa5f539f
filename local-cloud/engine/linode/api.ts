/** The Linode API as the resources use it: the vendor's own HTTP client with waiting, retries and errors in one line. */
import type { APIError, Event, EventAction, EventStatus, Filter, ResourcePage } from "./vendor-types";
import type { Vendor } from "./vendor-types";
import { setTimeout as sleep } from "node:timers/promises";

/** How to reach the API; defaults are those of the vendor's plugin. */
export interface ApiSettings {
  token: string;
  /** Without the version, default `https://api.linode.com`. */
  url?: string;
  /** Default `v4`. */
  apiVersion?: string;
  /** Longest pause between two looks at something that takes time, in milliseconds; default 1000. */
  eventPollMs?: number;
  /** Longest pause before a refused request is sent again, in milliseconds; default 3000. */
  maxRetryDelayMs?: number;
}

/** The API's refusal, in its own words. Never holds the request's headers. */
export class LinodeError extends Error {
  constructor(
    request: string,
    /** HTTP status; undefined when there was no answer. */
    readonly status: number | undefined,
    /** The API's reasons, or why there was no answer. */
    readonly reasons: string[],
  ) {
    super(`Linode API: ${request}: ${reasons.join("; ")}${status ? ` (${status})` : ""}`);
  }
}

type Method = "GET" | "POST" | "PUT" | "DELETE";

const requestTimeoutMs = 120_000;
/** As often as the vendor's Go client (linodego) by default; the pauses between are shorter. */
const retries = 10;

export class LinodeApi {
  private client: Promise<Vendor> | undefined;

  constructor(
    private readonly settings: ApiSettings,
    /** Ends requests and waits when the CLI is interrupted. */
    private readonly signal?: AbortSignal,
  ) {}

  get<T>(path: string): Promise<T> {
    return this.send<T>("GET", path);
  }
  post<T>(path: string, body: object = {}): Promise<T> {
    return this.send<T>("POST", path, { body });
  }
  put<T>(path: string, body: object): Promise<T> {
    return this.send<T>("PUT", path, { body });
  }
  delete(path: string): Promise<unknown> {
    return this.send("DELETE", path);
  }

  /** Like `get`, but undefined where the API says 404. */
  async find<T>(path: string): Promise<T | undefined> {
    return this.send<T>("GET", path).catch(unlessMissing);
  }
  /** Like `delete`, but what is gone already is no error. */
  async remove(path: string): Promise<void> {
    await this.send("DELETE", path).catch(unlessMissing);
  }

  /** All pages of a list. */
  async list<T>(path: string, filter?: Filter): Promise<T[]> {
    const items: T[] = [];
    for (let page = 1, pages = 1; page <= pages; page++) {
      const answer = await this.send<ResourcePage<T>>("GET", path, { page, filter });
      items.push(...answer.data);
      pages = answer.pages;
    }
    return items;
  }

  /**
   * Does something that the API finishes later, and waits for its event.
   * Throws when the event says `failed`, or nothing ended within `limitMs`.
   */
  async andWait(action: EventAction, linode: number, limitMs: number, act: () => Promise<unknown>): Promise<void> {
    const events = (): Promise<Event[]> => this.events(action, linode);
    const before = new Set((await events()).map((event) => event.id));
    await act();
    await this.until(`event ${action} of Linode ${linode}`, limitMs, async () => {
      const event = (await events()).find((candidate) => !before.has(candidate.id));
      if (event?.status === "failed") throw new Error(`Linode ${linode}: ${action} failed: ${event.message ?? ""}`);
      return (["finished", "notification"] as (EventStatus | undefined)[]).includes(event?.status) ? event : undefined;
    });
  }

  /** The newest event of this kind; undefined: there is none. */
  async lastEvent(action: EventAction, linode: number): Promise<Event | undefined> {
    return (await this.events(action, linode))[0];
  }

  private async events(action: EventAction, linode: number): Promise<Event[]> {
    const filter: Filter = {
      "+order": "desc",
      "+order_by": "created",
      action,
      "entity.id": linode,
      "entity.type": "linode",
    };
    return (await this.send<ResourcePage<Event>>("GET", "/account/events", { page: 1, filter })).data;
  }

  /** Asks until the answer is not undefined; looks soon at first, then each `eventPollMs`. */
  async until<T>(what: string, limitMs: number, look: () => Promise<T | undefined>): Promise<T> {
    const end = Date.now() + limitMs;
    const longest = this.settings.eventPollMs ?? 1000;
    for (let pause = Math.min(100, longest); ; pause = Math.min(pause * 2, longest)) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() + pause > end) throw new Error(`${what}: not there after ${Math.round(limitMs / 1000)} s`);
      await sleep(pause, undefined, { signal: this.signal });
    }
  }

  private async send<T>(method: Method, path: string, options: SendOptions = {}): Promise<T> {
    // @ts-expect-error the package's exports hide its declaration files
    this.client ??= import("@linode/api-v4") as Promise<Vendor>;
    const { baseRequest } = await this.client;
    const { url = "https://api.linode.com", apiVersion = "v4", token, maxRetryDelayMs = 3000 } = this.settings;
    for (let attempt = 1; ; attempt++) {
      const answer = await baseRequest
        .request<T | { errors?: APIError[] }>({
          method,
          url: `${url.replace(/\/+$/, "")}/${apiVersion}${path}`,
          data: options.body,
          params: options.page === undefined ? undefined : { page: options.page },
          headers: {
            Authorization: `Bearer ${token}`,
            ...(options.filter && { "X-Filter": JSON.stringify(options.filter) }),
          },
          proxy: false,
          timeout: requestTimeoutMs,
          signal: this.signal,
          validateStatus: () => true,
        })
        .catch((error: Error & { code?: string }) => {
          // A server that closes an idle connection may do it just as a question is on its way.
          if (method === "GET" && error.code === "ECONNRESET" && attempt <= retries) return undefined;
          // Only the words: the error object itself holds the token.
          throw new LinodeError(`${method} ${path}`, undefined, [error.message || String(error.cause ?? error.name)]);
        });
      if (!answer) continue;
      if (answer.status < 300) return answer.data as T;
      const reasons = reasonsOf(answer.data as { errors?: APIError[] }, answer.statusText);
      if (attempt > retries || !passing(answer.status, reasons)) {
        throw new LinodeError(`${method} ${path}`, answer.status, reasons);
      }
      const asked = Number((answer.headers as Record<string, unknown>)["retry-after"]) * 1000;
      await sleep(Math.min(asked || 200 * 2 ** attempt, maxRetryDelayMs), undefined, { signal: this.signal });
    }
  }
}

interface SendOptions {
  body?: object;
  page?: number;
  filter?: Filter;
}

/** Refusals that pass by themselves; the list is that of linodego. */
function passing(status: number, reasons: string[]): boolean {
  return (
    [408, 429, 503].includes(status) || (status === 400 && reasons.some((reason) => reason.includes("Linode busy")))
  );
}

function reasonsOf(body: { errors?: APIError[] }, statusText: string): string[] {
  const errors = Array.isArray(body?.errors) ? body.errors : [];
  if (errors.length === 0) return [statusText || "no reason given"];
  return errors.map((error) => (error.field ? `[${error.field}] ${error.reason}` : error.reason));
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof LinodeError && error.status === 404) return undefined;
  throw error;
}

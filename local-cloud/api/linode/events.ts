import type { FastifyRequest } from "fastify";
import type { App } from "../app";
import { type LinodeContext, now } from "./context";
import { notFound } from "./errors";
import { paged } from "./paging";
import type { CloudEvent, EventEntity } from "./state";

/** The real API shows 90 days of events; this many are about as much as any test makes. */
const keep = 1000;

const entityUrls = {
  linode: "/v4/linode/instances/",
  firewall: "/v4/networking/firewalls/",
  domain: "/v4/domains/",
  volume: "/v4/volumes/",
} as const;

/** The entity of an event. */
export function entity(type: keyof typeof entityUrls, item: { id: number; label: string }): EventEntity {
  return { id: item.id, label: item.label, type, url: entityUrls[type] + item.id };
}

/** Records an event. `started` ones end by {@link endEvent}. Answers its id. */
export function addEvent(
  context: LinodeContext,
  action: string,
  about: EventEntity | null,
  status: "started" | "finished" | "notification" = "notification",
  secondary: EventEntity | null = null,
): number {
  return context.store.update(({ linode }) => {
    const id = linode.nextId++;
    linode.events.push({
      id,
      action,
      created: now(),
      duration: status === "started" ? null : 0,
      entity: about,
      secondary_entity: secondary,
      message: null,
      percent_complete: status === "started" ? 0 : 100,
      rate: null,
      read: false,
      seen: false,
      status,
      time_remaining: null,
      username: "local",
    });
    linode.events.splice(0, Math.max(0, linode.events.length - keep));
    return id;
  });
}

/** Ends a started event; a message says why it failed. */
export function endEvent(context: LinodeContext, id: number, failure?: string): void {
  context.store.update(({ linode }) => {
    const event = linode.events.find((one) => one.id === id);
    if (event === undefined) return;
    event.status = failure === undefined ? "finished" : "failed";
    event.message = failure ?? null;
    event.percent_complete = 100;
    event.duration = (Date.now() - Date.parse(`${event.created}Z`)) / 1000;
  });
}

/** `/account/events`. */
export function eventRoutes(app: App, context: LinodeContext): void {
  const find = (id: string): CloudEvent =>
    context.store.state.linode.events.find((one) => one.id === Number(id)) ?? notFound();
  const mark = (field: "seen" | "read") => (request: FastifyRequest<{ Params: { id: string } }>) => {
    const { id } = find(request.params.id);
    context.store.update(({ linode }) => {
      // The real API marks every event up to this one.
      for (const event of linode.events) if (event.id <= id) event[field] = true;
    });
    return {};
  };
  // Newest first, as the real API answers without a filter.
  app.get("/account/events", (request) => paged(request, context.store.state.linode.events.toReversed()));
  app.get<{ Params: { id: string } }>("/account/events/:id", (request) => find(request.params.id));
  app.post<{ Params: { id: string } }>("/account/events/:id/seen", mark("seen"));
  app.post<{ Params: { id: string } }>("/account/events/:id/read", mark("read"));
}

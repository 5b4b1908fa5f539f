import type { App } from "../app";
import { type LinodeContext, now } from "./context";
import { checked, LinodeError, refuse } from "./errors";
import { addEvent, entity } from "./events";
import { paged } from "./paging";
import { present } from "./present";
import type { Volume } from "./state";
import {
  attach,
  changeVolume,
  detach,
  finishCreation,
  remove,
  requireAttachable,
  resize,
  volumeById,
} from "./volume-life";
import { attachSchema, createSchema, type CreateRequest, resizeSchema, updateSchema } from "./volume-request";
import { volumeView } from "./volume-view";

/** What the real API makes when it is not told, in GB. */
const defaultSize = 20;

function requireFreeLabel(context: LinodeContext, label: string, except?: number): void {
  if (context.store.state.linode.volumes.some((one) => one.label === label && one.id !== except)) {
    refuse("label", "Label must be unique among your volumes");
  }
}

/** The real API answers so while something is done with a volume. */
function requireIdle(volume: Volume): Volume {
  if (volume.status !== "active") throw new LinodeError(400, [{ reason: `Volume is ${volume.status}` }]);
  return volume;
}

function create(context: LinodeContext, body: CreateRequest): Volume {
  requireFreeLabel(context, body.label);
  const linode = body.linode_id ?? null;
  const home = linode === null ? undefined : context.store.state.linode.instances.find(({ id }) => id === linode);
  const region = body.region ?? home?.region ?? "";
  if (linode !== null) requireAttachable(context, linode, region);
  return context.store.update((state) => {
    const volume: Volume = {
      id: state.linode.nextId++,
      label: body.label,
      tags: body.tags ?? [],
      region,
      size: body.size ?? defaultSize,
      status: "creating",
      created: now(),
      updated: now(),
      linode,
      encryption: body.encryption ?? "enabled",
    };
    state.linode.volumes.push(volume);
    return volume;
  });
}

/** `/volumes`: disks that outlive the instances that they are attached to. */
export function volumeRoutes(app: App, context: LinodeContext): void {
  type Id = { Params: { id: string } };
  const one = (request: { params: { id: string } }) => volumeById(context, request.params.id);
  const view = (volume: Volume) => volumeView(context.store.state, volume);

  app.get("/volumes", (request) => paged(request, context.store.state.linode.volumes.map(view)));
  app.post("/volumes", (request) => {
    const volume = create(context, checked(createSchema, request.body));
    finishCreation(context, volume.id);
    return view(volume);
  });
  app.get<Id>("/volumes/:id", (request) => view(one(request)));
  app.put<Id>("/volumes/:id", (request) => {
    const { id } = one(request);
    const body = present(checked(updateSchema, request.body));
    if (body.label !== undefined) requireFreeLabel(context, body.label, id);
    const changed = changeVolume(context, id, (volume) => Object.assign(volume, body));
    addEvent(context, "volume_update", entity("volume", changed));
    return view(changed);
  });
  app.delete<Id>("/volumes/:id", async (request) => {
    const { id, linode } = requireIdle(one(request));
    if (linode !== null) throw new LinodeError(400, [{ reason: "Volume must be detached before it can be deleted" }]);
    await remove(context, id);
    return {};
  });

  app.post<Id>("/volumes/:id/attach", (request) => {
    const { linode_id: linode } = checked(attachSchema, request.body);
    const volume = requireIdle(one(request));
    if (volume.linode !== null) throw new LinodeError(400, [{ reason: "Volume is already attached to a Linode" }]);
    requireAttachable(context, linode, volume.region);
    return view(attach(context, volume.id, linode));
  });
  app.post<Id>("/volumes/:id/detach", (request) => {
    detach(context, requireIdle(one(request)).id);
    return {};
  });
  app.post<Id>("/volumes/:id/resize", (request) => {
    const { size } = checked(resizeSchema, request.body);
    const volume = requireIdle(one(request));
    if (size <= volume.size) refuse("size", "Volumes can only be resized up");
    return view(resize(context, volume.id, size));
  });
}

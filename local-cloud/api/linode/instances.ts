import { randomUUID } from "node:crypto";
import { z } from "zod";
import { addresses } from "../../contracts";
import type { App } from "../app";
import { changeInstance, instanceById, type LinodeContext, now } from "./context";
import { checked, LinodeError, notFound, refuse } from "./errors";
import { addEvent, entity } from "./events";
import { firewallView } from "./firewall-view";
import { attach, firewallById } from "./firewall-devices";
import { boot, deploy, reboot, remove, resize, shutDown } from "./instance-life";
import { type CreateRequest, createSchema, resizeSchema, updateSchema } from "./instance-request";
import { requireSameConfig } from "./config-request";
import { configView, diskViews, instanceView, planOf } from "./instance-view";
import { instanceIps } from "./ips";
import { paged } from "./paging";
import { present } from "./present";
import type { Instance, LinodeState } from "./state";
import { volumesOf, volumeView } from "./volume-view";

function freeAddress(state: LinodeState): string {
  const prefix = addresses.network.replace(/\.0\/24$/, "");
  for (let last = addresses.firstInstance; last <= addresses.lastInstance; last++) {
    const address = `${prefix}.${last}`;
    if (!state.instances.some((instance) => instance.address === address)) return address;
  }
  throw new LinodeError(400, [{ reason: "Account Limit reached. Please open a support ticket." }]);
}

/** What stateless address configuration makes of a MAC address `f2:3c:95:..`, the last three bytes from the id. */
function slaac(id: number): string {
  const [a, b, c] = [(id >> 16) & 0xff, (id >> 8) & 0xff, id & 0xff].map((byte) => byte.toString(16).padStart(2, "0"));
  const group = (text: string) => Number.parseInt(text, 16).toString(16);
  return `2001:db8::f03c:95ff:fe${a}:${group(`${b}${c}`)}`;
}

function requireFreeLabel(context: LinodeContext, label: string, except?: number): void {
  const others = context.store.state.linode.instances.filter((one) => one.id !== except && one.status !== "deleting");
  if (others.some((one) => one.label === label)) {
    refuse("label", "Label must be unique among your linodes");
  }
}

/** Which interfaces a new instance gets is the account's setting where the request does not say it. */
function requireConfigInterfaces({ store }: LinodeContext, body: CreateRequest): void {
  const kind = store.state.linode.newLinodes;
  const wanted = body.interface_generation ?? (kind.startsWith("linode_") ? "linode" : "legacy_config");
  const only = { linode_only: "linode", legacy_config_only: "legacy_config" }[kind as string];
  if (only && only !== wanted) refuse("interface_generation", `The account's settings allow only ${only}`);
  if (wanted === "legacy_config") return;
  if (body.firewall_id) refuse("firewall_id", "Please apply Cloud Firewall to the interfaces");
  refuse("interface_generation", "The local cloud does not emulate Linode Interfaces");
}

function create(context: LinodeContext, body: CreateRequest): Instance {
  requireConfigInterfaces(context, body);
  if (body.label) requireFreeLabel(context, body.label);
  const cpus = planOf(body).vcpus;
  return context.store.update(({ linode }) => {
    const id = linode.nextId++;
    const created = now();
    const instance: Instance = {
      id,
      label: body.label ?? `linode${id}`,
      group: body.group ?? "",
      tags: body.tags ?? [],
      region: body.region,
      type: body.type,
      image: body.image,
      status: "provisioning",
      created,
      updated: created,
      address: freeAddress(linode),
      address6: slaac(id),
      rdns: null,
      rdns6: null,
      authorizedKeys: (body.authorized_keys ?? []).map((key) => key.trim()),
      // 512 MB is what the real API makes when it is not told.
      swapSize: body.swap_size ?? 512,
      // Defaults of the real API: 90 % of each CPU, blocks/s, Mbit/s, Mbit/s, % of the month's transfer.
      alerts: { cpu: 90 * cpus, io: 10000, network_in: 10, network_out: 10, transfer_quota: 80, ...body.alerts },
      watchdogEnabled: true,
      backupsEnabled: body.backups_enabled ?? false,
      diskEncryption: body.disk_encryption ?? "enabled",
      hostUuid: randomUUID().replaceAll("-", ""),
    };
    if (body.metadata?.user_data) instance.userData = Buffer.from(body.metadata.user_data, "base64").toString("utf8");
    if (body.root_pass) instance.rootPassword = body.root_pass;
    linode.instances.push(instance);
    return instance;
  });
}

/** The real API answers so while an instance does something else. */
function requireIdle(instance: Instance): void {
  if (!["running", "offline"].includes(instance.status)) throw new LinodeError(400, [{ reason: "Linode busy." }]);
}

const anyOrNone = z.strictObject({ config_id: z.int().nullish() });

/** `/linode/instances` and everything below an instance. */
export function instanceRoutes(app: App, context: LinodeContext): void {
  type Id = { Params: { id: string } };
  const one = (request: { params: { id: string } }) => instanceById(context, request.params.id);
  const view = (instance: Instance) => instanceView(context, instance);
  const config = (instance: Instance) => configView(instance, volumesOf(context.store.state, instance.id));

  app.get("/linode/instances", async (request) =>
    paged(request, await Promise.all(context.store.state.linode.instances.map(view))),
  );
  app.post("/linode/instances", async (request) => {
    const body = checked(createSchema, request.body);
    const firewall = body.firewall_id ? firewallById(context, body.firewall_id, "firewall_id") : undefined;
    const instance = create(context, body);
    if (firewall) await attach(context, firewall.id, [instance.id]);
    deploy(context, instance.id, body.booted ?? true);
    return view(instance);
  });
  app.get<Id>("/linode/instances/:id", (request) => view(one(request)));
  app.put<Id>("/linode/instances/:id", (request) => {
    const { id } = one(request);
    const body = present(checked(updateSchema, request.body));
    if (body.label !== undefined) requireFreeLabel(context, body.label, id);
    changeInstance(context, id, (instance) => {
      instance.label = body.label ?? instance.label;
      instance.group = body.group ?? instance.group;
      instance.tags = body.tags ?? instance.tags;
      instance.alerts = { ...instance.alerts, ...body.alerts };
      instance.watchdogEnabled = body.watchdog_enabled ?? instance.watchdogEnabled;
    });
    addEvent(context, "linode_update", entity("linode", one(request)));
    return view(one(request));
  });
  app.delete<Id>("/linode/instances/:id", (request) => {
    if (one(request).status === "deleting") notFound();
    remove(context, one(request).id);
    return {};
  });

  for (const [name, action] of Object.entries({ boot, reboot, shutdown: shutDown })) {
    app.post<Id>(`/linode/instances/:id/${name}`, (request) => {
      checked(anyOrNone, request.body);
      requireIdle(one(request));
      action(context, one(request).id);
      return {};
    });
  }

  app.post<Id>("/linode/instances/:id/resize", (request) => {
    const { type, allow_auto_disk_resize: resizeDisk } = checked(resizeSchema, request.body);
    requireIdle(one(request));
    if (type === one(request).type) refuse("type", "Linode is already running this service plan.");
    // The real API's default is true.
    resize(context, one(request).id, type, resizeDisk ?? true);
    return {};
  });

  app.get<Id>("/linode/instances/:id/ips", (request) => instanceIps(one(request)));
  app.get<Id>("/linode/instances/:id/disks", (request) => paged(request, diskViews(one(request))));
  app.get<Id & { Params: { disk: string } }>(
    "/linode/instances/:id/disks/:disk",
    (request) => diskViews(one(request)).find((disk) => disk.id === Number(request.params.disk)) ?? notFound(),
  );
  app.get<Id>("/linode/instances/:id/configs", (request) => paged(request, [config(one(request))]));
  app.get<Id & { Params: { config: string } }>("/linode/instances/:id/configs/:config", (request) => {
    const found = config(one(request));
    return found.id === Number(request.params.config) ? found : notFound();
  });
  app.put<Id & { Params: { config: string } }>("/linode/instances/:id/configs/:config", (request) => {
    const found = config(one(request));
    if (found.id !== Number(request.params.config)) notFound();
    requireSameConfig(found, request.body);
    return found;
  });
  app.get<Id>("/linode/instances/:id/volumes", (request) => {
    const volumes = volumesOf(context.store.state, one(request).id);
    return paged(
      request,
      volumes.map((volume) => volumeView(context.store.state, volume)),
    );
  });
  app.get<Id>("/linode/instances/:id/firewalls", (request) => {
    const { id } = one(request);
    const { firewalls } = context.store.state.linode;
    const found = firewalls.filter((firewall) => firewall.devices.some((device) => device.linode === id));
    return paged(
      request,
      found.map((firewall) => firewallView(context, firewall)),
    );
  });
}

import type { App } from "../app";
import { type LinodeContext, now } from "./context";
import { checked, LinodeError, notFound, refuse } from "./errors";
import { addEvent, entity } from "./events";
import { present } from "./present";
import { attach, firewallById, requireAttachable } from "./firewall-devices";
import { applyFilter } from "./firewall-filter";
import { createSchema, deviceSchema, type Rules, rulesSchema, updateSchema } from "./firewall-request";
import { deviceView, firewallView, rulesView } from "./firewall-view";
import { paged } from "./paging";
import type { Firewall } from "./state";

type Id = { Params: { id: string } };
type DeviceId = { Params: { id: string; device: string } };

/** Rules as the real API stores them: absent lists are empty, ports have one space behind each comma. */
function stored(rules: Rules): Firewall["rules"] {
  const clean = (list: Rules["inbound"]) =>
    (list ?? []).map((rule) => ({
      ...rule,
      ...(rule.ports
        ? {
            ports: rule.ports
              .split(",")
              .map((part) => part.trim())
              .join(", "),
          }
        : {}),
    }));
  return {
    inbound: clean(rules.inbound),
    inbound_policy: rules.inbound_policy,
    outbound: clean(rules.outbound),
    outbound_policy: rules.outbound_policy,
  };
}

async function change(context: LinodeContext, id: number, edit: (firewall: Firewall) => void): Promise<Firewall> {
  context.store.update(({ linode }) => {
    const firewall = linode.firewalls.find((one) => one.id === id)!;
    edit(firewall);
    firewall.updated = now();
  });
  const firewall = firewallById(context, id);
  for (const { linode } of firewall.devices) await applyFilter(context, linode);
  return firewall;
}

function requireFreeLabel(context: LinodeContext, label: string, except?: number): void {
  if (context.store.state.linode.firewalls.some((one) => one.label === label && one.id !== except)) {
    refuse("label", "Label must be unique among your Cloud Firewalls");
  }
}

/** `/networking/firewalls`: kept, and enforced on the links of their devices. */
export function firewallRoutes(app: App, context: LinodeContext): void {
  const one = (request: { params: { id: string } }) => firewallById(context, request.params.id);
  const view = (firewall: Firewall) => firewallView(context, firewall);
  const base = "/networking/firewalls";

  app.get(base, (request) => paged(request, context.store.state.linode.firewalls.map(view)));
  app.post(base, async (request) => {
    const body = checked(createSchema, request.body);
    requireFreeLabel(context, body.label);
    const linodes = [...new Set(body.devices?.linodes ?? [])];
    requireAttachable(context, linodes, "devices.linodes");
    const { id, label } = context.store.update(({ linode }) => {
      const made: Firewall = {
        id: linode.nextId++,
        label: body.label,
        tags: body.tags ?? [],
        status: "enabled",
        created: now(),
        updated: now(),
        version: 1,
        rules: stored(body.rules),
        devices: [],
      };
      linode.firewalls.push(made);
      return made;
    });
    addEvent(context, "firewall_create", entity("firewall", { id, label }));
    await attach(context, id, linodes);
    return view(firewallById(context, id));
  });
  app.get<Id>(`${base}/:id`, (request) => view(one(request)));
  app.put<Id>(`${base}/:id`, async (request) => {
    const { id, devices } = one(request);
    const body = present(checked(updateSchema, request.body));
    if (body.label !== undefined) requireFreeLabel(context, body.label, id);
    if (body.status === "enabled") {
      const others = context.store.state.linode.firewalls.filter(
        (other) => other.id !== id && other.status === "enabled",
      );
      const taken = devices.find((device) =>
        others.some((other) => other.devices.some((d) => d.linode === device.linode)),
      );
      if (taken) refuse("status", `Linode ${taken.linode} already has an active Firewall`);
    }
    const changed = await change(context, id, (firewall) => Object.assign(firewall, body));
    const action = body.status
      ? body.status === "enabled"
        ? "firewall_enable"
        : "firewall_disable"
      : "firewall_update";
    addEvent(context, action, entity("firewall", changed));
    return view(changed);
  });
  app.delete<Id>(`${base}/:id`, async (request) => {
    const { id, label, devices } = one(request);
    context.store.update(({ linode }) => {
      linode.firewalls = linode.firewalls.filter((firewall) => firewall.id !== id);
    });
    for (const { linode } of devices) await applyFilter(context, linode);
    addEvent(context, "firewall_delete", entity("firewall", { id, label }));
    return {};
  });

  app.get<Id>(`${base}/:id/rules`, (request) => rulesView(one(request)));
  app.put<Id>(`${base}/:id/rules`, async (request) => {
    const { id } = one(request);
    const rules = stored(checked(rulesSchema, request.body));
    const changed = await change(context, id, (firewall) => {
      firewall.rules = rules;
      firewall.version++;
    });
    addEvent(context, "firewall_rules_update", entity("firewall", changed));
    return rulesView(changed);
  });

  const device = (request: { params: { id: string; device: string } }) =>
    one(request).devices.find(({ id }) => id === Number(request.params.device)) ?? notFound();
  app.get<Id>(`${base}/:id/devices`, (request) =>
    paged(
      request,
      one(request).devices.map((item) => deviceView(context, item)),
    ),
  );
  app.post<Id>(`${base}/:id/devices`, async (request) => {
    const { id } = one(request);
    const body = checked(deviceSchema, request.body);
    requireAttachable(context, [body.id], "id", id);
    await attach(context, id, [body.id]);
    return deviceView(context, one(request).devices.at(-1) ?? notFound());
  });
  app.get<DeviceId>(`${base}/:id/devices/:device`, (request) => deviceView(context, device(request)));
  app.delete<DeviceId>(`${base}/:id/devices/:device`, async (request) => {
    const { id, linode } = device(request);
    const changed = await change(context, one(request).id, (firewall) => {
      firewall.devices = firewall.devices.filter((item) => item.id !== id);
    });
    await applyFilter(context, linode);
    addEvent(context, "firewall_device_remove", entity("firewall", changed));
    return {};
  });
  app.put<Id>(`${base}/:id/devices`, () => {
    throw new LinodeError(405, [{ reason: "Method Not Allowed" }]);
  });
}

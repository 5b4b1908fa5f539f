import { z } from "zod";
import type { App } from "../app";
import { changeInstance, instanceById, type LinodeContext } from "./context";
import { checked, notFound, refuse } from "./errors";
import { addEvent, entity } from "./events";
import { paged } from "./paging";
import { defaultName } from "./reverse-names";
import type { Instance } from "./state";
import { addresses } from "../../contracts";

function ipv4View(instance: Instance) {
  return {
    address: instance.address,
    gateway: addresses.gateway,
    subnet_mask: "255.255.255.0",
    prefix: 24,
    type: "ipv4",
    public: true,
    rdns: instance.rdns ?? defaultName(instance.address),
    linode_id: instance.id,
    interface_id: null,
    region: instance.region,
    reserved: false,
    tags: [],
    assigned_entity: null,
    vpc_nat_1_1: null,
  };
}

function ipv6View(instance: Instance) {
  return {
    address: instance.address6,
    gateway: "fe80::1",
    subnet_mask: "ffff:ffff:ffff:ffff::",
    prefix: 64,
    type: "ipv6",
    public: true,
    rdns: instance.rdns6,
    linode_id: instance.id,
    interface_id: null,
    region: instance.region,
  };
}

/** The addresses of an instance, as `/linode/instances/ID/ips` answers them. */
export function instanceIps(instance: Instance) {
  const linkLocal = { ...ipv6View(instance), address: instance.address6.replace("2001:db8::", "fe80::"), rdns: null };
  return {
    ipv4: { public: [ipv4View(instance)], private: [], shared: [], reserved: [], vpc: [] },
    ipv6: { slaac: ipv6View(instance), link_local: { ...linkLocal, public: false }, global: [], vpc: [] },
  };
}

const updateSchema = z.strictObject({
  rdns: z
    .string()
    .regex(
      /^(?=.{1,253}\.?$)([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}\.?$/,
      "Must be a valid domain name",
    )
    .nullable(),
});

/** The real API asks the DNS first, and has one message for no answer and one for another address. */
async function requireForward(context: LinodeContext, name: string, address: string): Promise<void> {
  const found = await context.zones.lookup(name, address.includes(":") ? "AAAA" : "A");
  if (found.length === 0) refuse("rdns", `We were unable to perform a lookup for '${name}' at this time.`);
  if (!found.includes(address)) {
    refuse("rdns", `No match was found for '${name}'. Reverse DNS must have a matching forward entry.`);
  }
}

/** `/networking/ips` and the reverse names of addresses. */
export function ipRoutes(app: App, context: LinodeContext): void {
  type Address = { Params: { address: string } };
  const owner = (address: string) =>
    context.store.state.linode.instances.find((one) => one.address === address || one.address6 === address) ??
    notFound();
  const view = (address: string) => {
    const instance = owner(address);
    return address === instance.address ? ipv4View(instance) : ipv6View(instance);
  };

  async function setName(address: string, body: unknown) {
    const instance = owner(address);
    const rdns = checked(updateSchema, body).rdns?.toLowerCase().replace(/\.$/, "") ?? null;
    if (rdns !== null) await requireForward(context, rdns, address);
    const four = address === instance.address;
    await context.zones.pointer(address, rdns ?? (four ? defaultName(address) : undefined));
    changeInstance(context, instance.id, (one) => {
      if (four) one.rdns = rdns;
      else one.rdns6 = rdns;
    });
    addEvent(context, "ipaddress_update", entity("linode", instance));
    return view(address);
  }

  app.get("/networking/ips", (request) =>
    paged(
      request,
      context.store.state.linode.instances.flatMap((instance) => [ipv4View(instance), ipv6View(instance)]),
    ),
  );
  app.get<Address>("/networking/ips/:address", (request) => view(request.params.address));
  app.put<Address>("/networking/ips/:address", (request) => setName(request.params.address, request.body));

  type Own = { Params: { id: string; address: string } };
  const own = (request: { params: Own["Params"] }) => {
    const { id } = instanceById(context, request.params.id);
    return owner(request.params.address).id === id ? request.params.address : notFound();
  };
  app.get<Own>("/linode/instances/:id/ips/:address", (request) => view(own(request)));
  app.put<Own>("/linode/instances/:id/ips/:address", (request) => setName(own(request), request.body));
}

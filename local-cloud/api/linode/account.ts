import { z } from "zod";
import type { App } from "../app";
import { images, regions, types } from "./catalog";
import type { LinodeContext } from "./context";
import { checked, notFound } from "./errors";
import { paged } from "./paging";
import { newLinodes } from "./state";

const account = {
  euuid: "0000000A-BBBB-CCCC-DDDD-00000000000E",
  company: "Local cloud",
  email: "local@mailstack.example",
  first_name: "Local",
  last_name: "Cloud",
  address_1: "",
  address_2: "",
  city: "",
  state: "",
  zip: "",
  country: "KE",
  phone: "",
  tax_id: "",
  balance: 0,
  balance_uninvoiced: 0,
  billing_source: "linode",
  active_since: "2024-01-01T00:00:00",
  active_promotions: [],
  capabilities: ["Linodes", "Block Storage", "Cloud Firewall", "Disk Encryption", "Object Storage"],
  credit_card: { expiry: null, last_four: null },
};

const profile = {
  uid: 1,
  username: "local",
  email: "local@mailstack.example",
  timezone: "GMT",
  email_notifications: false,
  restricted: false,
  two_factor_auth: true,
  lish_auth_method: "keys_only",
  authorized_keys: null,
  authentication_type: "password",
  ip_whitelist_enabled: false,
  user_type: "default",
  verified_phone_number: null,
  referrals: { code: "", url: "", total: 0, completed: 0, pending: 0, credit: 0 },
};

const settings = {
  managed: false,
  longview_subscription: null,
  network_helper: true,
  backups_enabled: false,
  maintenance_policy: "linode/migrate",
};

const settingsSchema = z.strictObject({ interfaces_for_new_linodes: newLinodes.optional() });

/** What the account may see without having made it. */
export function accountRoutes(app: App, { store }: LinodeContext): void {
  const present = () => {
    const { newLinodes: forNewLinodes, buckets, objectKeys } = store.state.linode;
    // The first bucket or key turns it on.
    const objects = buckets.length + objectKeys.length > 0 ? "active" : "disabled";
    return { ...settings, object_storage: objects, interfaces_for_new_linodes: forNewLinodes };
  };
  app.get("/account", () => account);
  app.get("/account/settings", present);
  app.put("/account/settings", ({ body }) => {
    const wanted = checked(settingsSchema, body).interfaces_for_new_linodes;
    if (wanted) store.update(({ linode }) => (linode.newLinodes = wanted));
    return present();
  });
  app.get("/profile", () => profile);
  app.get("/profile/sshkeys", (request) => paged(request, []));
}

/** Regions, plans and images; the real API answers them without a token too. */
export function catalogRoutes(app: App): void {
  type Id = { Params: { id: string } };
  app.get("/regions", (request) => paged(request, regions));
  app.get<Id>("/regions/:id", ({ params }) => regions.find(({ id }) => id === params.id) ?? notFound());
  app.get<Id>("/regions/:id/availability", ({ params }) => {
    const region = regions.find(({ id }) => id === params.id) ?? notFound();
    return types.map((type) => ({ region: region.id, plan: type.id, available: true }));
  });
  app.get("/linode/types", (request) => paged(request, types));
  app.get<Id>("/linode/types/:id", ({ params }) => types.find(({ id }) => id === params.id) ?? notFound());
  app.get("/images", (request) => paged(request, images));
  // An image's id has a slash; clients send it plain or encoded.
  app.get<{ Params: { "*": string } }>(
    "/images/*",
    ({ params }) => images.find(({ id }) => id === decodeURIComponent(params["*"])) ?? notFound(),
  );
}

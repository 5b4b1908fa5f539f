import { createHash } from "node:crypto";

/** The account that owns every zone of the cloud. */
export const account = { id: createHash("md5").update("mailstack local cloud").digest("hex"), name: "Local cloud" };

/** A zone's id: 32 hexadecimal digits that stay the same in every cloud. */
export function zoneId(zone: string): string {
  return createHash("md5").update(zone).digest("hex");
}

/** A zone as the API shows it; pre-created ones look as old as the account. */
export function zoneView(zone: string) {
  const created = "2024-01-01T00:00:00.000000Z";
  const servers = ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"];
  return {
    id: zoneId(zone),
    name: zone,
    status: "active",
    paused: false,
    type: "full",
    development_mode: 0,
    name_servers: servers,
    original_name_servers: null,
    original_registrar: null,
    original_dnshost: null,
    created_on: created,
    modified_on: created,
    activated_on: created,
    meta: {
      step: 2,
      custom_certificate_quota: 0,
      page_rule_quota: 3,
      phishing_detected: false,
      cdn_only: false,
      dns_only: false,
      foundation_dns: false,
    },
    owner: { id: null, type: "user", email: null },
    account,
    tenant: { id: null, name: null },
    tenant_unit: { id: null },
    permissions: ["#dns_records:edit", "#dns_records:read", "#zone:read"],
    plan: {
      id: "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
      name: "Free Website",
      price: 0,
      currency: "USD",
      frequency: "",
      is_subscribed: false,
      can_subscribe: false,
      legacy_id: "free",
      legacy_discount: false,
      externally_managed: false,
    },
  };
}

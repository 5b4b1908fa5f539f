import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { addresses, type HostSpec } from "../contracts";

/** Reverse zone of 2001:db8::/32 (RFC 3849). */
const reverseZone6 = "8.b.d.0.1.0.0.2.ip6.arpa";

/**
 * Writes what a new system finds at its first boot: the metadata and user data of its owner, where cloud-init looks for
 * them, and the address of the resolver.
 * @param root - The system's own layer of files.
 */
export function writeSeed(root: string, spec: HostSpec): void {
  const seed = join(root, "var/lib/cloud/seed/nocloud");
  mkdirSync(seed, { recursive: true });
  const vendor: Record<string, unknown> = { disable_root: false, ssh_authorized_keys: spec.authorizedKeys, users: [] };
  if (spec.rootPassword)
    vendor.chpasswd = { expire: false, users: [{ name: "root", password: spec.rootPassword, type: "text" }] };
  const keys = { "public-keys": spec.authorizedKeys };
  write(join(seed, "meta-data"), stringify({ "instance-id": spec.name, "local-hostname": spec.hostname, ...keys }));
  write(join(seed, "vendor-data"), `#cloud-config\n${stringify(vendor)}`);
  write(join(seed, "user-data"), spec.userData ?? "#cloud-config\n{}\n");
  mkdirSync(join(root, "etc"), { recursive: true });
  writeFileSync(join(root, "etc/resolv.conf"), `nameserver ${addresses.dns}\n`);
  writeFileSync(join(root, "etc/hostname"), `${spec.hostname}\n`);
  // Unbound takes the documentation network for a private one and would answer for its reverse zone itself.
  const unbound = join(root, "etc/unbound/unbound.conf.d");
  mkdirSync(unbound, { recursive: true });
  writeFileSync(join(unbound, "local-cloud-ipv6.conf"), `server:\n  local-zone: "${reverseZone6}." nodefault\n`);
}

/** User data may hold keys. */
function write(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
}

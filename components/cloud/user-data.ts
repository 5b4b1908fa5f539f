import { stringify } from "yaml";
import type { SshKey } from "../deployment/ssh-key";

/** What a new host must know before the first connection. */
export interface UserDataSettings {
  /** Fully qualified name of the host. */
  hostname: string;
  hostKey: SshKey;
  /** Public key of the deployer, for root. */
  deployPublicKey: string;
}

/**
 * cloud-init user data that pins the host's only SSH key, so that the first connection is already verified.
 * Secret: it holds the private host key.
 */
export function renderUserData(settings: UserDataSettings): string {
  const config = {
    hostname: settings.hostname.split(".")[0],
    fqdn: settings.hostname,
    prefer_fqdn_over_hostname: true,
    manage_etc_hosts: true,
    ssh_deletekeys: true,
    ssh_genkeytypes: [],
    ssh_keys: { ed25519_private: settings.hostKey.privateKey, ed25519_public: settings.hostKey.publicKey },
    disable_root: false,
    ssh_pwauth: false,
    ssh_authorized_keys: [settings.deployPublicKey],
    users: [],
    package_update: false,
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}

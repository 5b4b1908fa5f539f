import type { Bundle } from "../rendering/bundle";
import { filesFrom } from "../rendering/files";

/** Settings of the lockout of accounts. */
export interface LockoutSettings {
  /** Different wrong passwords that lock an account out; 0: no lockout. */
  failures: number;
  /** How long failures are remembered and how long a lockout lasts, in minutes. */
  minutes: number;
  /** Networks that are never locked out, and whose failures do not count. */
  trustedCidrs: string[];
}

/** Where the login policy listens (host/mailstack/login_policy_server.py). */
export const loginPolicyAddress = "127.0.0.1:4001";
const user = "mailstack-logins";
const units = "/etc/systemd/system/mailstack-login-policy";

/** Answers Dovecot whether an account is locked out. Started by the first login, ended when nobody logs in. */
export function renderLockout(settings: LockoutSettings): Bundle {
  if (settings.failures === 0) return { service: "lockout", files: {} };
  return {
    service: "lockout",
    groups: { [user]: {} },
    users: { [user]: { group: user, home: `/var/lib/${user}` } },
    files: filesFrom(
      "lockout",
      { [`${units}.socket`]: {}, [`${units}.service`]: {} },
      {
        address: loginPolicyAddress,
        user,
        failures: settings.failures,
        minutes: settings.minutes,
        trusted: settings.trustedCidrs,
      },
    ),
    // A restart of the socket stops the daemon, which the next login starts with the new numbers.
    units: { "mailstack-login-policy.socket": { onChange: "restart" } },
    health: [{ tcp: loginPolicyAddress }],
  };
}

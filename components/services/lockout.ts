import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import type { Stack } from "./stack";

/** Where the login policy listens (host/mailstack/daemons/login_policy_server.py). */
export const loginPolicyAddress = "127.0.0.1:4001";
const user = "mailstack-logins";
const units = "/etc/systemd/system/mailstack-login-policy";

/** Answers Dovecot whether an account is locked out. Started by the first login, ended when nobody logs in. */
export const lockout = defineService({
  name: "lockout",
  type: "mail:Lockout",
  enabled: ({ lockAfterFailures }) => lockAfterFailures > 0,
  modules: ["daemons/login_policy_server.py"],
  render,
});

function render(stack: Pick<Stack, "lockAfterFailures" | "lockMinutes" | "trustedCidrs">): BundleBody {
  return {
    groups: { [user]: {} },
    users: { [user]: { group: user, home: `/var/lib/${user}` } },
    files: filesFrom(
      "lockout",
      { [`${units}.socket`]: {}, [`${units}.service`]: {} },
      {
        address: loginPolicyAddress,
        user,
        failures: stack.lockAfterFailures,
        minutes: stack.lockMinutes,
        trusted: stack.trustedCidrs,
      },
    ),
    // A restart of the socket stops the daemon, which the next login starts with the new numbers.
    units: { "mailstack-login-policy.socket": { onChange: "restart" } },
    health: [{ tcp: loginPolicyAddress }],
    // While people log in, it does not end by itself, and would stay the program of before.
    after: [["systemctl", "try-restart", "mailstack-login-policy.service"]],
  };
}

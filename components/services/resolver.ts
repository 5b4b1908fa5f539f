import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom, program } from "../deployment/files";
import { sandbox } from "../deployment/sandbox";
import type { Stack } from "./stack";

const anchor = "/var/lib/unbound/root.key";
const libexec = "/usr/local/libexec/mailstack";

/** Unbound on 127.0.0.1, and an /etc/resolv.conf that leads to it and stays so over boots and leases. */
export const resolver = defineService({
  name: "resolver",
  type: "host:Resolver",
  packages: ["unbound", "dns-root-data", "python3-dnspython"],
  render,
});

function render(stack: Pick<Stack, "system" | "ipv6">): BundleBody {
  const resolvConf = filesFrom("resolver", { "/etc/resolv.conf": {} }, {});
  const { postfixUnit } = stack.system;
  return {
    files: {
      ...resolvConf,
      ...filesFrom(
        "resolver",
        {
          "/etc/dhcp/dhclient-enter-hooks.d/mailstack-resolver": {},
          "/etc/systemd/system/mailstack-resolver.service": {},
          "/etc/systemd/system/unbound.service.d/mailstack.conf": {},
          "/etc/unbound/unbound.conf.d/mailstack.conf": {},
          [`${libexec}/resolver-check`]: program,
          [`${libexec}/resolver-keep`]: program,
        },
        {
          postfixUnit,
          sandbox,
          ipv6: stack.ipv6 ? "yes" : "no",
          resolvConf: (resolvConf["/etc/resolv.conf"]?.content ?? "").trimEnd(),
        },
      ),
    },
    // The unit's own start makes the trust anchor, but the check of the configuration comes before the first start.
    prepare: [
      ["sh", "-c", `test -s ${anchor} || install -o unbound -g unbound -m 0644 /usr/share/dns/root.key ${anchor}`],
    ],
    validate: [["unbound-checkconf"]],
    units: {
      "unbound.service": { onChange: "restart" },
      "mailstack-resolver.service": { onChange: "none" },
    },
    health: [{ run: [`${libexec}/resolver-check`] }],
    // Its start copies resolv.conf into its chroot. Nothing happens where Postfix does not run yet.
    after: [["systemctl", "try-restart", postfixUnit]],
  };
}

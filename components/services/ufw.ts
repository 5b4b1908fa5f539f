import type { Bundle } from "../deployment/bundle";
import { defineService, sshPort, type BundleBody, type OpenPort } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import type { Stack } from "./stack";

const mailstack = "/usr/local/sbin/mailstack";
const rules = { ipv4: "/etc/ufw/user.rules", ipv6: "/etc/ufw/user6.rules" };
/**
 * ufw with exactly the ports of the services and SSH, for IPv4 and IPv6. The rules are whole files, so all change
 * at once. They are on trial until `mailstack firewall confirm` comes by a new SSH connection; host/mailstack/firewall.py.
 */
export function ufwOf(ports: readonly OpenPort[]) {
  return defineService({
    name: "ufw",
    type: "host:HostFirewall",
    packages: ["ufw"],
    afterHealth: true,
    confirm: "firewall confirm",
    render: (stack: Pick<Stack, "ipv6">) => render(stack.ipv6, ports),
  });
}

function render(ipv6: boolean, open: readonly OpenPort[]): BundleBody {
  const bootCheck = "mailstack-firewall-boot.service";
  // SSH from everywhere: the provider's firewall has mailstack:sshAllowedCidrs, and lets a deployer with a new address in.
  const ports = [sshPort, ...open];
  return {
    files: {
      ...filesFrom(
        "ufw",
        { "/etc/default/ufw": {}, "/etc/ufw/ufw.conf": {}, [`/etc/systemd/system/${bootCheck}`]: {} },
        { mailstack },
      ),
      ...ruleFile(rules.ipv4, "0.0.0.0/0", ports),
      ...ruleFile(rules.ipv6, "::/0", ipv6 ? ports : []),
    },
    validate: [
      ["iptables-restore", "--test", "--noflush", rules.ipv4],
      ["ip6tables-restore", "--test", "--noflush", rules.ipv6],
    ],
    prepare: [[mailstack, "firewall", "arm"]],
    units: { [bootCheck]: { onChange: "none" }, "ufw.service": { onChange: "restart" } },
    health: [{ run: ["sh", "-c", "ufw status | grep -qx 'Status: active'"] }],
  };
}

/** The file that `ufw allow` would have written; the one template is both files'. */
function ruleFile(path: string, everywhere: string, ports: readonly OpenPort[]): Bundle["files"] {
  const allowed = ports.map(({ port, name }) => ({ port, comment: Buffer.from(name).toString("hex") }));
  const prefix = path === rules.ipv6 ? "ufw6" : "ufw";
  const [file] = Object.values(filesFrom("ufw", { [rules.ipv4]: {} }, { prefix, everywhere, allowed }));
  return { [path]: file! };
}

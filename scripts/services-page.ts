import { packagesOf, portsOf } from "../components/deployment/define-service";
import { openPorts, servicesOf } from "../components/services";
import { stackOf } from "../components/services/stack";
import { parseSettings } from "../components/settings/parse";

const administrator = "admin@example.org";
/** Everything that a stack can have is on, on a plan that carries it. */
const values = {
  domain: "example.org",
  administrator,
  users: [{ address: administrator }],
  dnsProvider: "none",
  plan: "g6-standard-2",
  clamav: true,
  spamAssassin: true,
  manageSieve: true,
  volumeGb: 20,
  backupRepository: "linode",
};

/** docs/services.md: the list of services, as it is in the program. */
export function servicesPage(): string {
  const stack = stackOf(parseSettings(values), { fqdn: "mail.example.org", formerFqdns: [], volumeDevice: "/dev/sdc" });
  const services = servicesOf(stack);
  // The one transaction is of all the others' packages.
  const packages = (spec: (typeof services)[number]) => (spec.name === "packages" ? [] : packagesOf(spec, stack));
  const rows = services.map((spec) => [
    `\`${spec.name}\``,
    spec.after?.join(", ") ?? "",
    portsOf(spec, stack)
      .map(({ port }) => port)
      .join(", "),
    packages(spec).join(", "),
  ]);
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const table = [["service", "needs", "open to the world", "Debian packages"], ["---", "---", "---", "---"], ...rows];
  const ports = openPorts(services, stack).map(({ port }) => port);
  return `# Services

Written by \`npm run docs\` from the list in \`components/services/index.ts\`, in the order in which they are made: a
stack with everything switched on. Each is one resource \`SERVER-NAME\` and one bundle, which \`mailstack apply NAME\` makes
true on the host. Between \`certificate\` and \`connections\`, \`mailstack status\` must report every service healthy.

<!-- prettier-ignore -->
${table.map(line).join("\n")}

Besides SSH on 22, for \`mailstack:sshAllowedCidrs\`, the world reaches TCP ${ports.join(", ")}; 4190 with
\`mailstack:manageSieve\` only.
`;
}

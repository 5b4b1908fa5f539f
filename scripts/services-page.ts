import { packagesOf, portsOf, type ServiceSpec } from "../components/deployment/define-service";
import { openPorts, relayServicesOf, servicesOf } from "../components/services";
import { relayForOf } from "../components/services/relay-for";
import { stackOf, type Stack } from "../components/services/stack";
import { settingsOf } from "../components/settings/backup-mx";
import { parseBackupMxSettings, parseSettings } from "../components/settings/parse";

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

/** docs/services.md: the lists of services, as they are in the program. */
export function servicesPage(): string {
  const stack = stackOf(parseSettings(values), { fqdn: "mail.example.org", formerFqdns: [], volumeDevice: "/dev/sdc" });
  const services = servicesOf(stack);
  const own = parseBackupMxSettings({ role: "backup-mx", primaryStack: "prod", dnsProvider: "none" });
  const relayFor = relayForOf(stack);
  const settings = settingsOf(own, relayFor);
  const backupMx = { ...stackOf(settings, { fqdn: settings.hostname, formerFqdns: [] }), mailDomains: [], relayFor };
  const ports = openPorts(services, stack).map(({ port }) => port);
  return `# Services

Written by \`npm run docs\` from the list in \`components/services/index.ts\`, in the order in which they are made: a
stack with everything switched on. Each is one resource \`SERVER-NAME\` and one bundle, which \`mailstack apply NAME\` makes
true on the host. Between \`certificate\` and \`connections\`, \`mailstack status\` must report every service healthy.

<!-- prettier-ignore -->
${table(services, stack)}

Besides SSH on 22, for \`mailstack:sshAllowedCidrs\`, the world reaches TCP ${ports.join(", ")}; 4190 with
\`mailstack:manageSieve\` only.

## A backup MX

The same of a stack whose \`mailstack:role\` is \`backup-mx\` ([backup-mx.md](admin/backup-mx.md)):

<!-- prettier-ignore -->
${table(relayServicesOf(backupMx), backupMx)}
`;
}

function table(services: readonly ServiceSpec<Stack>[], stack: Stack): string {
  // The one transaction is of all the others' packages.
  const packages = (spec: ServiceSpec<Stack>) => (spec.name === "packages" ? [] : packagesOf(spec, stack));
  const rows = services.map((spec) => [
    `\`${spec.name}\``,
    spec.after?.join(", ") ?? "",
    portsOf(spec, stack)
      .map(({ port }) => port)
      .join(", "),
    packages(spec).join(", "),
  ]);
  const head = [
    ["service", "needs", "open to the world", "Debian packages"],
    ["---", "---", "---", "---"],
  ];
  return [...head, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bundleOf, checkServices, defineService, type ServiceSpec } from "../../components/deployment/define-service";
import { openPorts, servicesOf } from "../../components/services";
import type { Stack } from "../../components/services/stack";
import { goldenStack } from "../golden/stack";

const stack = goldenStack("debian12");
const render = () => ({ files: {} });
const own = (change: Partial<ServiceSpec<Stack>> = {}) =>
  defineService<Stack>({ name: "gitea", type: "acme:Gitea", render, ...change });
const refused = (...added: ServiceSpec<Stack>[]) => {
  try {
    servicesOf(stack, added);
    return [];
  } catch (error) {
    return (error as Error).message.split("\n");
  }
};
const names = (specs: readonly ServiceSpec<Stack>[]) => specs.map(({ name }) => name);

test("an added service comes after the mail services, and before the certificate and the firewall", () => {
  const list = names(servicesOf(stack, [own({ after: ["nginx", "postfix"] })]));
  expect(list.slice(list.indexOf("gitea") - 1)).toEqual([
    "roundcube",
    "gitea",
    "certificate",
    "connections",
    "ufw",
    "fail2ban",
    "backup",
    "alerts",
  ]);
});

test("its packages are in the one transaction, its port in both firewalls, its inner port kept from others", () => {
  const added = own({
    packages: ["gitea"],
    debconf: ["gitea gitea/x boolean true"],
    ports: [{ name: "git", port: 2222 }],
    innerPorts: [{ ports: [3000], users: ["www-data"] }],
  });
  const services = servicesOf(stack, [added]);
  const bundle = (name: string) =>
    bundleOf(
      services.find((spec) => spec.name === name)!,
      stack,
    );
  expect(bundle("packages").packages).toContain("gitea");
  expect(bundle("packages").debconf).toContain("gitea gitea/x boolean true");
  expect(openPorts(services, stack).at(-1)).toEqual({ name: "git", port: 2222 });
  expect(bundle("ufw").files["/etc/ufw/user.rules"]!.content).toContain("--dport 2222");
  expect(bundle("connections").files["/etc/nftables.d/mailstack.nft"]!.content).toContain(
    "{ 3000 } meta skuid != { root, www-data }",
  );
});

test("a service that is off has no packages and no ports, and its bundle is empty", () => {
  const added = own({ enabled: () => false, packages: ["gitea"], ports: [{ name: "git", port: 2222 }] });
  const services = servicesOf(stack, [added]);
  expect(bundleOf(added, stack)).toEqual({ service: "gitea", files: {} });
  expect(openPorts(services, stack).map(({ port }) => port)).not.toContain(2222);
  expect(bundleOf(services[0]!, stack).packages).not.toContain("gitea");
});

test.each<[string, Partial<ServiceSpec<Stack>>, string]>([
  ["a name that is taken", { name: "postfix" }, "postfix: there is a service with this name already"],
  ["a service that comes later", { after: ["fail2ban"] }, "gitea: comes after fail2ban, which is not before it"],
  ["a service that is unknown", { after: ["gite"] }, "gitea: comes after gite, which is not before it"],
  ["a type without a folder", { type: "Gitea" }, 'gitea: the type "Gitea" must be like "mail:Postfix"'],
  ["a port that is taken", { ports: [{ name: "web", port: 443 }] }, "gitea: port 443 is open for nginx already"],
  [
    "a service of the last ones, before the certificate",
    { afterHealth: true },
    "certificate: must be made before gitea, which is afterHealth",
  ],
  ["a name with a blank", { name: "my git" }, 'the name "my git" must be lower-case letters, digits and hyphens'],
])("%s is refused in words", (_what, change, line) => {
  expect(refused(own(change))).toEqual([line]);
});

test("all that does not fit is named at once", () => {
  expect(refused(own({ after: ["a", "b"] }))).toHaveLength(2);
  expect(() => checkServices([own(), own()], stack)).toThrow("already");
});

/** Services that a file of another name judges. */
const judgedBy: Record<string, string> = {
  clamav: "filters",
  dovecot: "mail",
  kernel: "hardening",
  lockout: "accounts",
  "mail-guard": "mail-bombs",
  "mailbox-quota": "quota",
  packages: "updates",
  postfix: "smtp",
  redis: "service-faults",
  resolver: "dane",
  "restore-mail": "lost-host",
  "restore-state": "lost-host",
  senders: "forging",
  spamassassin: "filters",
  srs: "forwarding",
  swap: "reboot",
  upgrades: "updates",
};

test.each(names(servicesOf(stack)))("%s is used by a client in an end-to-end test", (name) => {
  // Another file's name goes into judgedBy.
  const file = `tests/e2e/${judgedBy[name] ?? name}.test.ts`;
  const path = join(__dirname, "../..", file);
  expect([file, existsSync(path) && readFileSync(path, "utf8").includes("test(")]).toEqual([file, true]);
});

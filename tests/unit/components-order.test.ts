import { servicesOf } from "../../components/services";
import { goldenStack } from "../golden/stack";
import { recordMailServer, type RecordedServer } from "./support/mail-server";

let server: RecordedServer;
beforeAll(async () => {
  const domains = [{ name: "example.net", cloudflareZoneId: "1".repeat(32) }];
  server = await recordMailServer({ domains, backupRepository: "linode" });
});

const services = servicesOf(goldenStack("debian12", { volumeGb: 0 }));
const named = (afterHealth: boolean) =>
  services
    .filter((spec) => (spec.afterHealth ?? false) === afterHealth)
    .flatMap(({ name, confirm }) => [`mail-${name}`, ...(confirm ? [`mail-${name}-confirmed`] : [])]);

/** What happens on the host, in this order; a service that fails stops all that come after it. */
const steps = [
  "mail",
  "mail-host-bootstrap",
  "mail-secrets",
  ...named(false),
  "mail-health",
  ...named(true),
  "mail-dkim",
  "mail-published",
  "mail-outgoing",
];

/** Why one must be there before the other. */
const because: [later: string, earlier: string, why: string][] = [
  ["mail", "mail-firewall", "the host is behind it from its first packet on"],
  ["mail", "mail-host-key", "the first connection is verified"],
  ["mail-certificate", "mail-address-host-a", "the authority asks the host by name"],
  ["mail-certificate", "mail-address-webmail-a", "the authority asks the host by each name of the certificate"],
  ["mail-certificate", "mail-address-mta-sts", "an alias of the host's name too"],
  ["mail-certificate", "mail-tls", "daemons run before it is issued"],
  ["mail-certificate", "mail-postfix", "what the authority refuses leaves everything else working"],
  ["mail-certificate", "mail-nginx", "nginx answers the authority"],
  ["mail-ptr", "mail-address-host-a", "Linode refuses a reverse name that does not resolve"],
  ["mail-senders", "mail-postfix", "the rule believes what Postfix says about each message's way in"],
  ["mail-dns-mx", "mail-ptr", "receivers refuse mail from a host without a reverse name"],
  ["mail-dns-mx", "mail-certificate", "the first sender sees a valid certificate"],
  ["mail-dns-dkim", "mail-rspamd", "the key is made on the host"],
  ["mail-restore-state", "mail-backup-bucket-key", "a new host reads what the lost one wrote"],
  ["mail-rspamd", "mail-restore-state-confirmed", "a key that came back is not made again"],
  ["mail-restore-mail", "mail-accounts", "the folder of the mail is there"],
  ["mail-dovecot", "mail-restore-mail-confirmed", "nobody has the mail open while it comes"],
  ["mail-postfix", "mail-restore-mail-confirmed", "port 25 is closed until everything is back"],
];

test.each([
  ...steps.slice(1).map((later, index): [string, string, string] => [later, steps[index]!, "one after the other"]),
  ...because,
])("%s waits for %s: %s", (later, earlier) => {
  expect(server.waitsFor(server.custom(later), server.custom(earlier))).toBe(true);
  expect(server.waitsFor(server.custom(earlier), server.custom(later))).toBe(false);
});

test("a filter that is on is there before Rspamd asks it; one that is off goes after Rspamd has stopped to", async () => {
  const on = await recordMailServer({ clamav: true, plan: "g6-standard-2" });
  for (const [later, earlier] of [
    ["mail-clamav", "mail-redis"],
    ["mail-rspamd", "mail-clamav"],
    ["mail-spamassassin", "mail-rspamd"],
    ["mail-swap", "mail-spamassassin"],
  ] as const)
    expect([later, on.waitsFor(on.custom(later), on.custom(earlier))]).toEqual([later, true]);
});

test("the steps are all commands on the host", () => {
  expect(server.commands.map((each) => each.name).sort()).toEqual(steps.slice(1).sort());
});

test("what sends the world's mail here is made last: nothing waits for it, and it waits for the host's health", () => {
  const records = server
    .ofType("cloudflare:index/dnsRecord:DnsRecord")
    .filter((each) => !each.name.startsWith("mail-address-"));
  const health = server.custom("mail-health");
  expect(records).toHaveLength(27);
  expect(records.filter((record) => !server.waitsFor(record, health))).toEqual([]);
  const waiting = server.registrations.filter((each) => records.some((record) => server.waitsFor(each, record)));
  // But what looks at the records or comes last, and the MX itself.
  const names = waiting.map((each) => each.name).filter((name) => !name.endsWith("-mx"));
  expect(names.sort()).toEqual(["mail-dkim", "mail-outgoing", "mail-published"]);
});

test("the engine got them in an order that keeps every promise", () => {
  const place = new Map(server.registrations.map((each, index) => [each.urn, index]));
  const early = server.registrations.flatMap((each) =>
    [...each.dependencies, each.parent].filter((urn) => urn && place.get(urn)! > place.get(each.urn)!),
  );
  expect(early).toEqual([]);
});

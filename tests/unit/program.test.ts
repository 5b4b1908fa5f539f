import * as pulumi from "@pulumi/pulumi";
import { dkimValue, foreignDomainId, foreignZone, instanceId, ipv4, ipv6, ownDomainId } from "./support/fake-cloud";
import {
  isSecret,
  open,
  record,
  settled,
  valueOf,
  type RecordedProgram,
  type Registration,
} from "./support/recorded-program";
import { stackConfig, tokens, zoneId } from "./support/stacks";

/** Runs index.ts anew: a module runs only once. */
async function run(
  config: Record<string, string>,
  registrations?: Registration[],
): Promise<RecordedProgram<Record<string, pulumi.Output<unknown>>>> {
  pulumi.runtime.setAllConfig(config, Object.keys(tokens));
  jest.resetModules();
  return record(
    async () => (await import("../../index")).default() as unknown as Record<string, pulumi.Output<unknown>>,
    { registrations },
  );
}

test("the program with production's settings is a mail server with providers of its own", async () => {
  const { registrations, result } = await run(stackConfig("prod"));
  const top = registrations.filter((each) => each.parent === "");
  expect(top.map((each) => `${each.type} ${each.name}`).sort()).toEqual([
    "mailstack:index:MailServer mail",
    "pulumi:providers:cloudflare cloudflare",
    "pulumi:providers:linode linode",
  ]);
  for (const [type, key, token] of [
    ["linode", "token", tokens["mailstack:linodeToken"]],
    ["cloudflare", "apiToken", tokens["mailstack:cloudflareApiToken"]],
  ] as const) {
    const provider = top.find((each) => each.type === `pulumi:providers:${type}`);
    expect(isSecret(provider?.inputs[key])).toBe(true);
    expect(open(provider?.inputs[key])).toBe(token);
  }
  const { deployKey, backupPassword, ...shown } = result;
  const outputs = await valueOf(pulumi.all(shown));
  expect(outputs).toEqual({
    hostname: "mail.ementech.co.ke",
    ipv4,
    ipv6,
    webmail: "https://webmail.ementech.co.ke",
    zones: { "ementech.co.ke": expect.stringMatching(/^mail\.ementech\.co\.ke\. 300 IN AAAA /m) as string },
    hostKey: expect.stringMatching(/^ssh-ed25519 /) as string,
    relayFor: {
      version: 1,
      hostname: "mail.ementech.co.ke",
      administrator: "admin@ementech.co.ke",
      domains: ["ementech.co.ke"],
      recipients: [
        ...["abuse", "admin", "ceo", "dmarc", "hostmaster", "info", "postmaster", "root", "sales", "support", "tech"],
        "tls-rpt",
      ].map((name) => `${name}@ementech.co.ke`),
      catchAll: [],
      messageSizeLimitMb: 40,
      dane: false,
    },
    backupPublicKey: expect.stringMatching(/^ssh-ed25519 /) as string,
    dkim: { "ementech.co.ke": dkimValue("ementech.co.ke") },
    history: {
      backups: { host: instanceId, repository: "linode" },
      first: {
        domain: "ementech.co.ke",
        hostname: "mail.ementech.co.ke",
        selector: "ementech1",
        volume: "mail-ementech-co-ke",
      },
      guarded: instanceId,
      address: ipv4,
      kept: {},
      os: "debian12",
      plan: "g6-standard-1",
      region: "eu-central",
      resizesDisk: true,
      selector: "ementech1",
      services: [],
      zones: { "ementech.co.ke": zoneId },
    },
  });
  expect(await pulumi.isSecret(pulumi.all(shown))).toBe(false);
  for (const secret of [deployKey, backupPassword]) expect(await pulumi.isSecret(pulumi.output(secret))).toBe(true);
});

describe.each([
  ["cloudflare", "cloudflareZoneId", zoneId, foreignZone],
  ["linode", "linodeDomainId", ownDomainId, foreignDomainId],
] as const)("with records at %s", (dnsProvider, key, own, foreign) => {
  const main = { dnsProvider, [key]: own };
  const others = {
    domains: [{ name: "example.org", [key]: foreign }],
    nullMx: [{ name: "example.com", [key]: foreign }],
  };
  const wrong = (place: string, domain: string) =>
    `mailstack:${place}${key}: ${foreign} is the zone of somebody-else.example, and must be the one of ${domain}`;

  test.each<[string, Record<string, unknown>, string[]]>([
    ["the main domain", { ...main, [key]: foreign }, [wrong("", "ementech.co.ke")]],
    ["a hosted domain", { ...main, domains: others.domains }, [wrong("domains[0].", "example.org")]],
    ["a domain without mail", { ...main, nullMx: others.nullMx }, [wrong("nullMx[0].", "example.com")]],
    [
      "several domains, each in a line,",
      { ...main, ...others },
      [wrong("domains[0].", "example.org"), wrong("nullMx[0].", "example.com")],
    ],
  ])("a zone id that is not of %s is refused before anything is made", async (_, change, lines) => {
    const texts = Object.entries(change).map(([name, value]) => [
      `mailstack:${name}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const made: Registration[] = [];
    const config = { ...stackConfig("prod"), ...(Object.fromEntries(texts) as Record<string, string>) };
    await expect(run(config, made)).rejects.toThrow(["Nothing was changed:", ...lines].join("\n"));
    await settled();
    expect(made.filter(({ type }) => !type.startsWith("pulumi:providers:"))).toEqual([]);
  });
});

import * as pulumi from "@pulumi/pulumi";
import { readConfig } from "../../components/settings/stack-config";
import { parseSettings } from "../../components/settings/parse";
import { stackConfig, stackValues, tokens } from "./support/stacks";
import { valueOf } from "./support/recorded-program";

const secretKeys = Object.keys(tokens);

/** What the program says to this configuration; empty when it is content. */
function complaints(change: Record<string, string | undefined>, secrets = secretKeys): string[] {
  const values = Object.entries({ ...stackConfig("prod"), ...change }).filter(([, value]) => value !== undefined);
  pulumi.runtime.setAllConfig(Object.fromEntries(values) as Record<string, string>, secrets);
  try {
    readConfig();
    return [];
  } catch (error) {
    // Any other error would be shown to the user with a stack of the program's own files.
    if (!pulumi.RunError.isInstance(error)) throw error;
    const [title, ...lines] = error.message.split("\n");
    expect(title).toBe("The configuration is not usable:");
    return lines;
  }
}

test.each(["prod", "local"])("Pulumi.%s.yaml is usable as it is, once it has a zone and tokens", (stack) => {
  pulumi.runtime.setAllConfig(stackConfig(stack), secretKeys);
  expect(readConfig().settings).toEqual(parseSettings(stackValues(stack)));
});

test("the stack files differ only in what the local cloud cannot have", () => {
  const [prod, local] = [parseSettings(stackValues("prod")), parseSettings(stackValues("local"))];
  const different = Object.keys(prod).filter(
    (key) => JSON.stringify(prod[key as keyof typeof prod]) !== JSON.stringify(local[key as keyof typeof prod]),
  );
  expect(different).toEqual(["dmarcPolicy", "backupRepository", "portProbeDomain", "protect"]);
});

test("tokens come out as secrets", async () => {
  expect(complaints({})).toEqual([]);
  const { linodeToken, cloudflareApiToken } = readConfig();
  expect(await valueOf(linodeToken)).toBe("linode-token-for-tests");
  expect(await valueOf(cloudflareApiToken!)).toBe("cloudflare-token-for-tests");
  expect([await pulumi.isSecret(linodeToken), await pulumi.isSecret(cloudflareApiToken!)]).toEqual([true, true]);
});

test("a stack whose DNS is not at Cloudflare needs no token for it", () => {
  const elsewhere = { "mailstack:dnsProvider": "none", "mailstack:cloudflareApiToken": undefined };
  expect(complaints(elsewhere)).toEqual([]);
  expect(readConfig().cloudflareApiToken).toBeUndefined();
});

test("only a certificate by DNS needs its token, and gets it as a secret", async () => {
  const dns = { "mailstack:certificate": "dns-01" };
  expect(complaints(dns)).toEqual([
    `mailstack:certificateDnsToken: is missing; set it with: ${set("certificateDnsToken")}`,
  ]);
  const token = { ...dns, "mailstack:certificateDnsToken": "dns-token-for-tests" };
  expect(complaints(token)).toEqual([
    `mailstack:certificateDnsToken: is stored in clear; set it again with: ${set("certificateDnsToken")}`,
  ]);
  expect(complaints(token, [...secretKeys, "mailstack:certificateDnsToken"])).toEqual([]);
  const { certificateDnsToken } = readConfig();
  expect(await pulumi.isSecret(certificateDnsToken!)).toBe(true);
  expect(complaints({})).toEqual([]);
  expect(readConfig().certificateDnsToken).toBeUndefined();
});

const set = (key: string) => `pulumi config set --secret mailstack:${key}`;

test.each<[string, Record<string, string | undefined>, string[]]>([
  [
    "no tokens",
    { "mailstack:linodeToken": undefined, "mailstack:cloudflareApiToken": undefined },
    [
      `mailstack:linodeToken: is missing; set it with: ${set("linodeToken")}`,
      `mailstack:cloudflareApiToken: is missing; set it with: ${set("cloudflareApiToken")}`,
    ],
  ],
  [
    "an empty token",
    { "mailstack:linodeToken": "" },
    [`mailstack:linodeToken: is missing; set it with: ${set("linodeToken")}`],
  ],
  [
    "no zone",
    { "mailstack:cloudflareZoneId": undefined },
    ["mailstack:cloudflareZoneId: is missing; set it with: pulumi config set mailstack:cloudflareZoneId VALUE"],
  ],
  [
    "users that are no JSON",
    { "mailstack:users": "[{address: ceo}" },
    ["mailstack:users: must be a list of {address, quotaMb, passwordVersion}"],
  ],
  [
    "users that are an object",
    { "mailstack:users": "{}" },
    ["mailstack:users: must be a list of {address, quotaMb, passwordVersion}"],
  ],
  ["a size that is no number", { "mailstack:swapMb": "2 GB" }, ["mailstack:swapMb: must be a whole number of MiB"]],
  ["a size in quotes", { "mailstack:swapMb": '"2048"' }, ["mailstack:swapMb: must be a whole number of MiB"]],
  ["protect that is neither", { "mailstack:protect": "yes" }, ["mailstack:protect: must be true or false"]],
  [
    "three wrong keys at once",
    { "mailstack:linodeToken": undefined, "mailstack:os": "windows", "mailstack:protect": "maybe" },
    [
      `mailstack:linodeToken: is missing; set it with: ${set("linodeToken")}`,
      'mailstack:os: "windows" is unknown; use one of debian12, debian13',
      "mailstack:protect: must be true or false",
    ],
  ],
])("%s: one line for each wrong key", (_name, change, lines) => {
  expect(complaints(change)).toEqual(lines);
});

test("an unknown key is one line with the keys that there are", () => {
  expect(complaints({ "mailstack:domian": "example.org" })).toEqual([
    expect.stringMatching(/^mailstack:domian: is not a known key; the keys are domain, hostname, .*linodeDomainId$/),
  ]);
});

test("a token stored in clear is refused, and its value is not repeated", () => {
  expect(complaints({}, ["mailstack:linodeToken"])).toEqual([
    `mailstack:cloudflareApiToken: is stored in clear; set it again with: ${set("cloudflareApiToken")}`,
  ]);
});

test("keys of other programs are none of its business", () => {
  expect(complaints({ "pulumi:tags": "{}", "linode:token": "x" })).toEqual([]);
});

test("text that looks like a number stays text", () => {
  expect(complaints({ "mailstack:dkimSelector": "2026" })).toEqual([]);
  expect(readConfig().settings.dkimSelector).toBe("2026");
});

test("numbers, booleans and lists come out as such", () => {
  expect(
    complaints({
      "mailstack:swapMb": "512",
      "mailstack:protect": "false",
      "mailstack:sshAllowedCidrs": '["192.0.2.0/24"]',
    }),
  ).toEqual([]);
  expect(readConfig().settings).toMatchObject({ swapMb: 512, protect: false, sshAllowedCidrs: ["192.0.2.0/24"] });
});

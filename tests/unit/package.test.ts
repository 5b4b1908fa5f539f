import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { MailstackProvider } from "../../components/package/provider";
import { secretKeys, settingsSchema } from "../../components/settings/schema";
import { packageSchema } from "../../scripts/package-schema";
import { open, isSecret, record, type RecordedProgram } from "./support/recorded-program";
import { stackConfig, stackValues, tokens } from "./support/stacks";

interface Property {
  $ref?: string;
  secret?: boolean;
  plain?: boolean;
}
interface Schema {
  types: Record<string, { enum?: { value: string }[] }>;
  resources: Record<
    string,
    { inputProperties: Record<string, Property>; properties: Record<string, Property>; requiredInputs: string[] }
  >;
}

const committed = readFileSync(join(__dirname, "../../sdk/schema.json"), "utf8");
const schema = JSON.parse(committed) as Schema;
const resource = schema.resources["mailstack:index:MailServer"]!;

test("sdk/schema.json is as `npm run docs` writes it", () => {
  expect(committed === packageSchema()).toBe(true);
});

test("every setting and every token is an argument; tokens are secret, and settings are plain", () => {
  const inputs = Object.entries(resource.inputProperties);
  expect(inputs.map(([key]) => key).sort()).toEqual([...Object.keys(settingsSchema.shape), ...secretKeys].sort());
  expect(inputs.filter(([, { secret }]) => secret).map(([key]) => key)).toEqual([...secretKeys].sort());
  expect(inputs.filter(([, { plain }]) => !plain).map(([key]) => key)).toEqual([...secretKeys].sort());
  expect(resource.requiredInputs).toEqual(["administrator", "domain", "linodeToken"]);
});

test("a choice is an enum with the values that the program takes", () => {
  const { $ref = "" } = resource.inputProperties.dnsProvider!;
  const values = schema.types[$ref.replace("#/types/", "")]?.enum?.map(({ value }) => value);
  expect(values).toEqual(["cloudflare", "linode", "none"]);
});

const construct = (change: pulumi.Inputs = {}, options: pulumi.ComponentResourceOptions = {}) => {
  const secrets = Object.entries(tokens).map(([key, value]) => [key.replace("mailstack:", ""), value]);
  const inputs = { ...stackValues("prod"), ...(Object.fromEntries(secrets) as Record<string, string>), ...change };
  return record(() => new MailstackProvider().construct("mail", "mailstack:index:MailServer", inputs, options));
};

describe("constructed", () => {
  let made: RecordedProgram<{ state: object }>;
  beforeAll(async () => {
    made = await construct();
  });

  test("it registers what the program registers, under the same names", async () => {
    pulumi.runtime.setAllConfig(stackConfig("prod"), Object.keys(tokens));
    jest.resetModules();
    const program = await record(async () => (await import("../../index")).default());
    const urns = ({ registrations }: RecordedProgram<unknown>) =>
      registrations.filter(({ type }) => !type.startsWith("pulumi:providers:")).map(({ urn }) => urn);
    expect(urns(made).sort()).toEqual(urns(program).sort());
    expect(urns(made).length).toBeGreaterThan(70);
  });

  test("its outputs are those of the schema", () => {
    expect(Object.keys(made.result.state).sort()).toEqual(Object.keys(resource.properties).sort());
  });

  test.each([
    ["linode", "token", tokens["mailstack:linodeToken"]],
    ["cloudflare", "apiToken", tokens["mailstack:cloudflareApiToken"]],
  ])("the provider of %s has its token as a secret", (name, key, token) => {
    const provider = made.registrations.find(({ type }) => type === `pulumi:providers:${name}`);
    expect(provider?.name).toBe(`mail-${name}`);
    expect(isSecret(provider?.inputs[key])).toBe(true);
    expect(open(provider?.inputs[key])).toBe(token);
  });
});

async function refusal(change: pulumi.Inputs): Promise<string[]> {
  const error: unknown = await construct(change).catch((reason: unknown) => reason);
  if (!pulumi.InputPropertiesError.isInstance(error)) throw error;
  return (error.errors ?? []).map(({ propertyPath, reason }) => `${propertyPath}: ${reason}`);
}

test.each<[string, pulumi.Inputs, string[]]>([
  [
    "a value",
    { administrator: "boss@ementech.co.ke" },
    ['administrator: "boss@ementech.co.ke" must be one of mailstack:users'],
  ],
  ["nothing at all", { domain: undefined }, ["domain: is missing"]],
  ["no token", { linodeToken: undefined }, ["linodeToken: is missing"]],
  ["no token of the DNS provider", { cloudflareApiToken: undefined }, ["cloudflareApiToken: is missing"]],
  [
    "a value that is not known yet",
    { domain: pulumi.output("ementech.co.ke") },
    ["domain: must be a plain value: which resources there are depends on it"],
  ],
  [
    "an unknown key and a wrong one",
    { colour: 1, swapMb: -1 },
    expect.arrayContaining([
      expect.stringMatching(/^colour: is not a known key/),
      "swapMb: must not be negative",
    ]) as string[],
  ],
])("%s is refused by name", async (_, change, lines) => {
  expect(await refusal(change)).toEqual(lines);
});

test("a zone of somebody else is refused, as in the program", async () => {
  const wrong = { cloudflareZoneId: "f".repeat(32) };
  await expect(construct(wrong)).rejects.toThrow("is the zone of somebody-else.example");
});

test("each program of the repository names its main: the one of package.json is the component package's", () => {
  const root = join(__dirname, "../..");
  const listed = execFileSync("git", ["ls-files", "**/Pulumi.yaml"], { cwd: root, encoding: "utf8" })
    .trim()
    .split("\n");
  const own = listed.filter((file) => !existsSync(join(root, file, "../package.json")));
  expect(own.length).toBeGreaterThan(3);
  for (const file of own)
    expect([file, readFileSync(join(root, file), "utf8")]).toEqual([file, expect.stringMatching(/^main: index\.ts$/m)]);
});

import * as pulumi from "@pulumi/pulumi";
import { dkimValue, foreignZone, instanceId, ipv4, ipv6 } from "./support/fake-cloud";
import { open, isSecret, record, valueOf, type RecordedProgram } from "./support/recorded-program";
import { stackConfig, tokens, zoneId } from "./support/stacks";

/** Runs index.ts anew: a module runs only once. */
async function run(config: Record<string, string>): Promise<RecordedProgram<Record<string, pulumi.Output<unknown>>>> {
  pulumi.runtime.setAllConfig(config, Object.keys(tokens));
  jest.resetModules();
  return record(
    async () => (await import("../../index")).default() as unknown as Record<string, pulumi.Output<unknown>>,
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
  const { deployKey, ...shown } = result;
  const outputs = await valueOf(pulumi.all(shown));
  expect(outputs).toEqual({
    hostname: "mail.ementech.co.ke",
    ipv4,
    ipv6,
    webmail: "https://webmail.ementech.co.ke",
    zones: { "ementech.co.ke": expect.stringMatching(/^mail\.ementech\.co\.ke\. 300 IN AAAA /m) as string },
    hostKey: expect.stringMatching(/^ssh-ed25519 /) as string,
    dkim: { "ementech.co.ke": dkimValue("ementech.co.ke") },
    history: {
      first: { domain: "ementech.co.ke", hostname: "mail.ementech.co.ke", selector: "ementech1" },
      guarded: instanceId,
      kept: {},
      os: "debian12",
      region: "eu-central",
      zones: { "ementech.co.ke": zoneId },
    },
  });
  expect(await pulumi.isSecret(pulumi.all(shown))).toBe(false);
  expect(await pulumi.isSecret(pulumi.output(deployKey))).toBe(true);
});

test("a zone id of another domain is refused before anything is made", async () => {
  const wrong = { ...stackConfig("prod"), "mailstack:cloudflareZoneId": foreignZone };
  const line =
    "mailstack:cloudflareZoneId: f{32} is the zone of somebody-else.example, and must be the one of ementech.co.ke";
  await expect(run(wrong)).rejects.toThrow(new RegExp(`^Nothing was changed:\\n${line}$`));
});

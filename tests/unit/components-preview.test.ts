import * as pulumi from "@pulumi/pulumi";
import { recordMailServer, type RecordedServer } from "./support/mail-server";
import { isSecret } from "./support/recorded-program";

const settings = { domains: [{ name: "example.net", cloudflareZoneId: "1".repeat(32) }] };
const listOf = (server: RecordedServer) => server.registrations.map((each) => each.urn).sort();

describe("a first preview, when nothing is known that a provider has to make", () => {
  let preview: RecordedServer;
  let up: RecordedServer;
  beforeAll(async () => {
    preview = await recordMailServer(settings, { preview: true });
    up = await recordMailServer(settings);
  });

  test("shows every resource that the up makes", () => {
    expect(listOf(preview)).toEqual(listOf(up));
  });

  test("shows every file of every service: a bundle holds nothing that only the up knows", () => {
    const bundles = up.commands.filter((each) => String(each.inputs.create).includes(" apply "));
    expect(bundles.length).toBeGreaterThan(10);
    for (const { name, inputs } of bundles) expect(preview.custom(name).inputs.stdin).toBe(inputs.stdin);
  });

  test("does not know the address, and keeps secret what it will be told", () => {
    expect(JSON.stringify(preview.custom("mail-address-host-a").inputs)).not.toContain("203.0.113.10");
    for (const { inputs } of preview.commands)
      expect(isSecret(inputs.connection) || isUnknown(inputs.connection)).toBe(true);
  });
});

/** How Pulumi's mocks show an input whose value is not known yet. */
function isUnknown(input: unknown): boolean {
  return input === undefined || pulumi.isUnknown(input);
}

test("the same settings give the same inputs, to the letter", async () => {
  const [first, second] = [await recordMailServer(settings), await recordMailServer(settings)];
  const texts = (server: RecordedServer) =>
    Object.fromEntries(server.registrations.map((each) => [each.urn, JSON.stringify(each.inputs)]));
  expect(texts(second)).toEqual(texts(first));
});

test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  [
    "users",
    { users: [{ address: "admin@ementech.co.ke" }, { address: "ceo@ementech.co.ke", quotaMb: 100 }], aliases: [] },
    { users: [{ address: "ceo@ementech.co.ke", quotaMb: 100 }, { address: "admin@ementech.co.ke" }], aliases: [] },
  ],
  [
    "keys of a user",
    { users: [{ address: "admin@ementech.co.ke", quotaMb: 100, passwordVersion: 2 }], aliases: [] },
    { users: [{ passwordVersion: 2, quotaMb: 100, address: "admin@ementech.co.ke" }], aliases: [] },
  ],
  [
    "aliases and their destinations",
    {
      aliases: [
        { address: "sales@ementech.co.ke", destinations: ["info@ementech.co.ke", "ceo@ementech.co.ke"] },
        { address: "jobs@ementech.co.ke", destinations: ["tech@ementech.co.ke"] },
      ],
    },
    {
      aliases: [
        { destinations: ["tech@ementech.co.ke"], address: "jobs@ementech.co.ke" },
        { destinations: ["ceo@ementech.co.ke", "info@ementech.co.ke"], address: "sales@ementech.co.ke" },
      ],
    },
  ],
])("the order of %s in the stack file is no change", async (_what, one, other) => {
  const [first, second] = [await recordMailServer(one), await recordMailServer(other)];
  for (const { urn, name, inputs } of first.registrations) {
    const same = second.registrations.find((each) => each.urn === urn);
    expect([name, JSON.stringify(same?.inputs)]).toEqual([name, JSON.stringify(inputs)]);
  }
});

test("another mailbox is a change of the accounts and of nothing else", async () => {
  const users = [{ address: "admin@ementech.co.ke" }, { address: "info@ementech.co.ke" }];
  const before = await recordMailServer({ users });
  const after = await recordMailServer({ users: [...users, { address: "new@ementech.co.ke" }] });
  const changed = after.registrations.filter((each) => {
    const known = before.registrations.find((other) => other.urn === each.urn);
    return JSON.stringify(known?.inputs) !== JSON.stringify(each.inputs);
  });
  expect(changed.map((each) => each.name)).toEqual(["mail-accounts"]);
});

import { parseSettings, SettingsError } from "../../components/settings/parse";

const good = {
  domain: "example.org",
  administrator: "admin@example.org",
  users: [{ address: "admin@example.org" }],
  cloudflareZoneId: "0123456789abcdef0123456789abcdef",
};
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUrcpzAUOqRPPPUfHrNuAGtoUB8xpXVb3Omp3+0QNnb";
const person = (extra: object) => ({ sudoUsers: [{ name: "tech", authorizedKeys: [key], ...extra }] });

test("nobody has sudo and logs are kept for 30 days unless it is said", () => {
  expect(parseSettings(good)).toMatchObject({ sudoUsers: [], logRetentionDays: 30 });
});

test("keys with and without a comment are taken", () => {
  const authorizedKeys = [key, `${key} tech@laptop, the new one`];
  expect(parseSettings({ ...good, ...person({ authorizedKeys }) }).sudoUsers).toEqual([
    { name: "tech", authorizedKeys },
  ]);
});

test.each<[string, Record<string, unknown>, string]>([
  ["a user of the system", person({ name: "root" }), 'mailstack:sudoUsers[0].name: "root" is not a name for a person'],
  ["upper case", person({ name: "Tech" }), 'mailstack:sudoUsers[0].name: "Tech" is not a name for a person'],
  ["a path", person({ name: "../x" }), 'mailstack:sudoUsers[0].name: "../x" is not a name for a person'],
  ["no key", person({ authorizedKeys: [] }), "mailstack:sudoUsers[0].authorizedKeys: must name at least one key"],
  ...[
    ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----"],
    ["another kind than it says", key.replace("ssh-ed25519", "ssh-rsa")],
    ["options before the key", `command="x" ${key}`],
    ["two lines", `${key}\n${key}`],
    ["half a key", "ssh-ed25519 AAAA"],
  ].map(([what, text]): [string, Record<string, unknown>, string] => [
    what!,
    person({ authorizedKeys: [text] }),
    'mailstack:sudoUsers[0].authorizedKeys[0]: must be a public key as in a .pub file, like "ssh-ed25519 AAAA... name"',
  ]),
  [
    "twice",
    { sudoUsers: [...person({}).sudoUsers, ...person({}).sudoUsers] },
    "mailstack:sudoUsers: names somebody twice",
  ],
  ["as text", { sudoUsers: "tech" }, "mailstack:sudoUsers: must be a list of {name, authorizedKeys}"],
  ["one day", { logRetentionDays: 1 }, "mailstack:logRetentionDays: must be at least 2 days"],
  ["for ever", { logRetentionDays: 1000 }, "mailstack:logRetentionDays: must be at most 730 days"],
])("%s is refused", (_what, change, line) => {
  expect(() => parseSettings({ ...good, ...change })).toThrow(SettingsError);
  expect(() => parseSettings({ ...good, ...change })).toThrow(line);
});

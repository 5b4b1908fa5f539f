import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSettings } from "../../components/settings/parse";

const folder = mkdtempSync(join(tmpdir(), "users-file-"));
const file = join(folder, "users.yaml");
afterAll(() => rmSync(folder, { recursive: true }));

const values = {
  domain: "example.org",
  administrator: "admin@example.org",
  cloudflareZoneId: "0".repeat(32),
  users: [{ address: "admin@example.org" }, { address: "ceo@example.org" }],
};

/** The settings, or the words of the refusal, with the file holding this text. */
function parsed(text: string, more: object = {}) {
  writeFileSync(file, text);
  try {
    return parseSettings({ ...values, usersFile: file, ...more });
  } catch (error) {
    return (error as Error).message.replaceAll(file, "users.yaml");
  }
}

test("users, aliases and shared aliases of the file come behind the stack's own, with the same defaults", () => {
  const text = `users:
  - address: ann@example.org
aliases:
  - { address: sales@example.org, destinations: [ann@example.org, Me+Work@gmail.com] }
sharedAliases:
  - { name: jobs, destinations: [ann@example.org] }
`;
  expect(parsed(text)).toMatchObject({
    users: [{ address: "admin@example.org" }, { address: "ceo@example.org" }, { address: "ann@example.org" }],
    aliases: [{ address: "sales@example.org", destinations: ["ann@example.org", "Me+Work@gmail.com"] }],
    sharedAliases: [{ name: "jobs", destinations: ["ann@example.org"] }],
  });
});

test("the file may hold all of them", () => {
  expect(parsed("users: [{ address: admin@example.org }]", { users: undefined })).toMatchObject({
    users: [{ address: "admin@example.org", passwordVersion: 1 }],
  });
  expect(parsed("", { users: undefined })).toBe("mailstack:users: must name at least one mailbox");
});

test.each([
  [
    "a wrong address",
    "users:\n  - address: ann@example.org\n  - address: Bob\n",
    'users.yaml:3: users[1].address: "Bob" is not a mail address in lower case, like "ceo@example.org"',
  ],
  ["a missing field", "users:\n  - quotaMb: 500\n", "users.yaml:2: users[0].address: is missing"],
  [
    "an unknown field",
    "users:\n  - address: ann@example.org\n    colour: blue\n",
    "users.yaml:3: users[0].colour: is not a known field",
  ],
  [
    "an address that the stack has",
    "users:\n  - address: ceo@example.org\n",
    'users.yaml:2: users[0].address: "ceo@example.org" is already users[1].address; each may appear once',
  ],
  [
    "an address twice",
    "users:\n  - address: ann@example.org\n  - address: ann@example.org\n",
    'users.yaml:3: users[1].address: "ann@example.org" is already users.yaml:2: users[0].address; each may appear once',
  ],
  [
    "an alias to nobody",
    "aliases:\n  - address: a@example.org\n    destinations:\n      - nobody@example.org\n",
    'users.yaml:4: aliases[0].destinations[0]: "nobody@example.org" is in a hosted domain but is no mailbox and no alias; add it to mailstack:users',
  ],
  [
    "an unknown list",
    "people: []\n",
    "users.yaml:1: people: is not a known key; the keys are users, aliases, sharedAliases",
  ],
  ["no list", "users: ann@example.org\n", "users.yaml:1: users: must be a list"],
  ["no lists", "- address: ann@example.org\n", "users.yaml:1: must hold users, aliases, sharedAliases"],
  [
    "no YAML",
    "users:\n  - address: [\n",
    "users.yaml:3: Flow sequence in block collection must be sufficiently indented",
  ],
])("%s is refused with file and line", (_what, text, words) => {
  expect(parsed(text)).toContain(words);
});

test("what is wrong in the stack's own configuration keeps its key", () => {
  expect(parsed("users: [{ address: ann@example.org }]", { users: [{ address: "admin@example.org" }, {}] })).toBe(
    "mailstack:users[1].address: is missing",
  );
  expect(parsed("users: [{ address: ann@example.org }]", { users: "text" })).toBe(
    "mailstack:users: must be a list of {address, quotaMb, passwordVersion}",
  );
});

test("a file that is not there is named", () => {
  expect(() => parseSettings({ ...values, usersFile: "no-such.yaml" })).toThrow(
    'mailstack:usersFile: "no-such.yaml" is not there; its path begins at the folder of Pulumi.yaml',
  );
});

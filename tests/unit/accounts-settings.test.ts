import { parseSettings } from "../../components/settings/parse";

const values = {
  domain: "example.org",
  administrator: "admin@example.org",
  cloudflareZoneId: "0".repeat(32),
  users: [{ address: "admin@example.org" }],
};
const problems = (more: object): string => {
  try {
    parseSettings({ ...values, ...more });
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};
const shared = (...sharedAliases: object[]) => problems({ sharedAliases });

test("shared aliases lead to mailboxes or elsewhere", () => {
  expect(shared({ name: "jobs", destinations: ["admin@example.org", "else@example.com"] })).toBe("");
  expect(shared({ name: "jobs", destinations: ["nobody@example.org"] })).toBe(
    'mailstack:sharedAliases[0].destinations[0]: "nobody@example.org" must be a mailbox of mailstack:users or an address elsewhere',
  );
  expect(shared({ name: "jobs", destinations: ["x"] })).toBe(
    'mailstack:sharedAliases[0].destinations[0]: "x" is not a mail address, like "friend@example.org"',
  );
  const jobs = { name: "jobs", destinations: ["admin@example.org"] };
  expect(shared(jobs, jobs)).toBe('mailstack:sharedAliases[1].name: "jobs" is named twice');
  expect(shared({ ...jobs, name: "Jobs@" })).toMatch(/sharedAliases\[0\].name: "Jobs@" is not the part of an address/);
});

test.each([
  [{ lockAfterFailures: -1 }, "mailstack:lockAfterFailures: must be 0 (no lockout) or more"],
  [{ lockMinutes: 0 }, "mailstack:lockMinutes: must be at least 1 minute"],
  [{ passwordMaxAgeDays: -1 }, "mailstack:passwordMaxAgeDays: must be 0 (passwords do not age) or more"],
  [{ trashDays: -1 }, "mailstack:trashDays: must be 0 (mail stays) or more"],
  [{ junkDays: 1.5 }, "mailstack:junkDays: must be a whole number of days"],
  [{ compressMail: "gz" }, "mailstack:compressMail: must be true or false"],
])("%j is refused", (more, words) => {
  expect(problems(more)).toBe(words);
});

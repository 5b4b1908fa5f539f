import { pages } from "../support/documents";

const decisions = pages().filter(({ file }) => file.startsWith("docs/decisions/") && !file.endsWith("README.md"));

test("every decision has a context, a decision and consequences, in this order, and each says something", () => {
  expect(decisions.length).toBeGreaterThan(50);
  const wrong = decisions.filter(({ text }) => {
    const [head = "", ...sections] = text.split(/^## /m);
    const titles = sections.map((section) => section.split("\n")[0]);
    const empty = sections.some((section) => section.replace(/^.*\n/, "").trim().length < 20);
    return !/^# .+\n\n$/.test(head) || titles.join() !== "Context,Decision,Consequences" || empty;
  });
  expect(wrong.map(({ file }) => file)).toEqual([]);
});

test("a decision is short", () => {
  const long = decisions.filter(({ text }) => text.split("\n").length > 80);
  expect(long.map(({ file }) => file)).toEqual([]);
});

import { failureWords } from "../../local-cloud/cli/pulumi-words";

const display = `Updating (test):
 +  command:remote:Command mail-postfix creating (3s) error: Process exited with status 1
Diagnostics:
  command:remote:Command (mail-postfix):
    error: Process exited with status 1: running "mailstack apply postfix":
    /etc/postfix/main.cf:12: refused

  pulumi:pulumi:Stack (mailstack-test):
    error: update failed

Outputs:
    hostname: "mail.example.org"

Resources:
    11 unchanged
`;

test("of Pulumi's display, the diagnostics alone", () => {
  expect(failureWords(display, "")).toBe(
    [
      "  command:remote:Command (mail-postfix):",
      '    error: Process exited with status 1: running "mailstack apply postfix":',
      "    /etc/postfix/main.cf:12: refused",
    ].join("\n"),
  );
});

test("of the events of --json, the errors alone", () => {
  const urn = "urn:pulumi:test::mailstack::command:remote:Command::mail-postfix";
  const event = (severity: string, message: string) =>
    JSON.stringify({ sequence: 1, diagnosticEvent: { urn, message, severity } });
  const stdout = [
    '{"sequence":0,"preludeEvent":{"config":{"mailstack:linodeToken":"[secret]"}}}',
    event("info", "12 packages\n"),
    event("error", "<{%fg 1%}>error: <{%reset%}>status 1\nline two\n"),
  ].join("\n");
  expect(failureWords(stdout, "")).toBe("  mail-postfix:\n    error: status 1\n    line two");
});

test("without diagnostics: what it said on standard error; never more than 31 lines", () => {
  expect(failureWords("Updating (test):\n", "error: no stack named 'x'\n")).toBe("error: no stack named 'x'");
  expect(failureWords("", "many\n".repeat(100)).split("\n")).toHaveLength(31);
});

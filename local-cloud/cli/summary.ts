import type { LocalServer } from "./bring-up";
import type { CheckResult } from "./checks";

/** What a user needs to know at the end of `npm run local`. */
export function summary(
  server: LocalServer,
  checks: CheckResult[],
  webmail: string | undefined,
  options: string,
): string {
  const user = `ceo@${server.domain}`;
  const width = Math.max(...checks.map((check) => check.what.length));
  const lines = checks.map((check) => `  ${check.ok ? "ok  " : "BAD "} ${check.what.padEnd(width)}  ${check.detail}`);
  return `
The mail server ${server.hostname} (${server.address}) runs in the local cloud.

${lines.join("\n")}

${webmail ? `  webmail   ${webmail} in this machine's own browser\n` : ""}  IMAP      ${server.hostname}:993 (TLS), POP3 ${server.hostname}:995 (TLS)
  SMTP      ${server.hostname}:465 (TLS) or :587 (STARTTLS)
  user      ${user}
  password  npm run local -- ${options}shell mail mailstack user initial-password ${user}

  npm run local -- --help shows what else there is; all addresses but those of \`open\` exist only inside the cloud.
`;
}

/** Lines at most; a provider that gives up may print pages. */
const mostLines = 30;

/**
 * What a failed `pulumi` says about the cause: its diagnostics alone, without the lists of resources and outputs.
 * @param stdout - As text, or as the events of `--json`.
 */
export function failureWords(stdout: string, stderr: string): string {
  const said = [events(stdout), section(stdout), stderr, stdout].find((text) => text.trim() !== "") ?? "";
  const lines = said
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !/^\s*error: (update|preview|destroy) failed$/.test(line));
  // A title of which nothing is left.
  const told = lines.filter((line, at) => !/^ {2}\S.*:$/.test(line) || /^ {4}/.test(lines[at + 1] ?? ""));
  return [...told.slice(0, mostLines), ...(told.length > mostLines ? ["    ..."] : [])].join("\n");
}

/** The section "Diagnostics:" of Pulumi's display. */
function section(stdout: string): string {
  return /^Diagnostics:\n((?: .*\n|\n)*)/m.exec(`${stdout}\n`)?.[1] ?? "";
}

/** The errors among the events of `--json`. */
function events(stdout: string): string {
  return stdout
    .split("\n")
    .flatMap((line) => {
      const event = line.startsWith('{"') && line.includes('"diagnosticEvent"') ? (JSON.parse(line) as Event) : {};
      const { severity, message = "", urn } = event.diagnosticEvent ?? {};
      if (severity !== "error") return [];
      return [
        ...(urn ? [`  ${urn.split("::").at(-1)}:`] : []),
        ...message
          .trim()
          .split("\n")
          .map((one) => `    ${plain(one)}`),
      ];
    })
    .join("\n");
}

interface Event {
  diagnosticEvent?: { severity?: string; message?: string; urn?: string };
}

/** Pulumi's own marks for colours. */
function plain(line: string): string {
  return line.replace(/<\{%.*?%\}>/g, "");
}

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** How the `mailstack` program gets onto the host. */
export interface HostProgram {
  /** Command line for the host's shell. */
  command: string;
  /** The program's files as JSON. */
  stdin: string;
}

const folder = join(__dirname, "../../host");

/**
 * Waits until cloud-init is done, then installs the program. Its text is part of the resource, so a new release of
 * Mailstack is a change of this one resource, and a preview shows the changed lines.
 */
export function hostProgram(): HostProgram {
  const bootstrap = readFileSync(join(folder, "bootstrap.py"), "utf8");
  if (bootstrap.includes("'")) throw new Error("host/bootstrap.py must not hold a single quote: a shell quotes it");
  const files = pythonFiles(join(folder, "mailstack"), "");
  // cloud-init ends with 2 when it recovered from an error of its own; the host is usable then.
  const wait = "if command -v cloud-init >/dev/null; then cloud-init status --wait >/dev/null || test $? -eq 2; fi";
  return {
    command: `${wait} && exec python3 -c '${bootstrap}'`,
    stdin: `${JSON.stringify({ files }, undefined, 1)}\n`,
  };
}

function pythonFiles(path: string, prefix: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isDirectory() && entry.name !== "__pycache__")
      Object.assign(found, pythonFiles(join(path, entry.name), `${prefix}${entry.name}/`));
    else if (entry.name.endsWith(".py")) found[prefix + entry.name] = readFileSync(join(path, entry.name), "utf8");
  }
  return found;
}

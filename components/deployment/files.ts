import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HostFile } from "./bundle";
import { render, type View } from "./template";

/** Where the templates are; a template's path below its service is the file's path on the host. */
const folder = join(__dirname, "../../templates");
const plugins = join(__dirname, "../../host/plugins");

/** Who owns a file and who may read it. Default `root:root`, `0644`. */
export type Ownership = Partial<Pick<HostFile, "owner" | "mode">>;

/**
 * Makes the files of one service from its templates.
 * @param service - Folder below `templates`.
 * @param paths - Paths on the host; the result keeps their order.
 * @param view - Shared by all of these templates; each of its keys must be used by one of them.
 * @throws TemplateError where template and view do not fit; ENOENT for a path without a template.
 */
export function filesFrom(service: string, paths: Record<string, Ownership>, view: View): Record<string, HostFile> {
  const names = Object.keys(paths);
  const texts = render(
    names.map((path) => ({
      file: `templates/${service}${path}.mustache`,
      text: readFileSync(join(folder, service, `${path}.mustache`), "utf8"),
    })),
    view,
  );
  return Object.fromEntries(
    names.map((path, index) => {
      const { owner = "root:root", mode = "0644" } = paths[path] ?? {};
      return [path, { owner, mode, content: texts[index] ?? "" }];
    }),
  );
}

/** A program that a daemon loads (Lua, PHP, Sieve), from host/plugins: the same text on every host. */
export function pluginFile(name: string): HostFile {
  return { owner: "root:root", mode: "0644", content: readFileSync(join(plugins, name), "utf8") };
}

/** Ownership of a program. */
export const program: Ownership = { mode: "0755" };

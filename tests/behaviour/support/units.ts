import type { Host } from "./hosts";

/** A file of `[Section]`, `name = value`, in which a name may come several times. */
export type Ini = Record<string, Record<string, string[]>>;

export function parseIni(text: string): Ini {
  const found: Ini = {};
  let section = (found[""] = {} as Ini[string]);
  for (const raw of text.replace(/\\\n/g, " ").split("\n")) {
    const line = raw.trim();
    if (line === "" || /^[#;]/.test(line)) continue;
    const [, name] = /^\[(.+)\]$/.exec(line) ?? [];
    if (name !== undefined) section = found[name] ??= {};
    else {
      const [, key, value] = /^([^=]+?)\s*=\s*(.*)$/.exec(line) ?? [];
      if (!key) throw new Error(`not a line of a unit: ${line}`);
      (section[key] ??= []).push(value!);
    }
  }
  return found;
}

const folder = "/etc/systemd/system/";

/** Every unit that the host has of us, and every drop-in under the name of its unit. */
export function unitsOf(host: Host): { unit: string; own: boolean; ini: Ini }[] {
  return Object.entries(host.files)
    .filter(([path]) => path.startsWith(folder))
    .map(([path, { content }]) => {
      const name = path.slice(folder.length);
      const own = !name.includes(".d/");
      return { unit: own ? name : name.slice(0, name.indexOf(".d/")), own, ini: parseIni(content) };
    });
}

/** The last value of a setting; the empty text where it is not set. */
export function last(ini: Ini, section: string, name: string): string {
  return ini[section]?.[name]?.at(-1) ?? "";
}

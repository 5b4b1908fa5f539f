import type { Host } from "./hosts";

/** A section of dovecot.conf. */
export interface Section {
  name: string;
  /** Such as the name of a service or a listener. */
  label: string;
  settings: Record<string, string>;
  sections: Section[];
}

/** What `doveconf` knows; the files of ours that it includes are in their place. */
export function dovecotOf(host: Host): Section {
  const top: Section = { name: "", label: "", settings: {}, sections: [] };
  const open = [top];
  const read = (text: string): void => {
    for (const line of text
      .replace(/\\\n/g, " ")
      .split("\n")
      .map((each) => each.trim())) {
      const here = open.at(-1)!;
      const [, include] = /^!include\s+(\S+)$/.exec(line) ?? [];
      const [, name = "", label = ""] = /^([a-z0-9_-]+)\s*(.*?)\s*\{$/.exec(line) ?? [];
      const [, key, value] = /^([^={}#]+?)\s*=\s*(.*)$/.exec(line) ?? [];
      if (line === "" || line.startsWith("#")) continue;
      if (include) read(host.text(include));
      else if (line === "}") open.pop();
      else if (key !== undefined && !line.endsWith("{")) here.settings[key] = value!;
      else if (name) {
        const section = { name, label: label.replaceAll('"', ""), settings: {}, sections: [] };
        here.sections.push(section);
        open.push(section);
      } else throw new Error(`dovecot.conf: ${line}`);
    }
  };
  read(host.text("/etc/dovecot/dovecot.conf"));
  if (open.length !== 1) throw new Error("dovecot.conf: a section has no end");
  return top;
}

/** Sections of this name, and of this label where it is given. */
export function sections(parent: Section | undefined, name: string, label?: string): Section[] {
  return (parent?.sections ?? []).filter((each) => each.name === name && (label === undefined || each.label === label));
}

/** What all the blocks of one service say together. */
export function service(dovecot: Section, name: string): Section {
  const found = sections(dovecot, "service", name);
  if (found.length === 0) throw new Error(`dovecot.conf has no service ${name}`);
  return {
    ...found[0]!,
    settings: Object.assign({}, ...found.map(({ settings }) => settings)) as Section["settings"],
    sections: found.flatMap((each) => each.sections),
  };
}

/** Each query for passwords and for mailboxes, in both generations of the language. */
export function queriesOf(host: Host): { app: string; password: string; user: string } {
  const dovecot = dovecotOf(host);
  if (host.stack.system.dovecot === "2.4") {
    const [app] = sections(dovecot, "passdb", "app-passwords");
    const [password] = sections(dovecot, "passdb", "sql");
    const [user] = sections(dovecot, "userdb", "sql");
    return {
      app: app!.settings.passdb_sql_query!,
      password: `${password!.settings.query} SCHEME ${password!.settings.default_password_scheme}`,
      user: user!.settings.query!,
    };
  }
  const of = (file: string, key: string) => {
    const text = host.text(`/etc/dovecot/${file}`).replace(/\\\n/g, " ");
    return new RegExp(`^${key} = (.*)$`, "m").exec(text)![1]!;
  };
  const sql = "dovecot-sql.conf.ext";
  return {
    app: of("app-passwords.conf.ext", "password_query"),
    password: `${of(sql, "password_query")} SCHEME ${of(sql, "default_pass_scheme")}`,
    user: of(sql, "user_query"),
  };
}

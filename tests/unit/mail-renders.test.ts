import { readdirSync } from "node:fs";
import { join } from "node:path";
import { systems, type SystemName } from "../../components/deployment/systems";
import type { Bundle } from "../../components/deployment/bundle";
import { renderOf, renders } from "../golden/renders";
import { variants } from "../golden/variants";

const every: [string, Bundle][] = (Object.keys(systems) as SystemName[]).flatMap((system) =>
  Object.entries({ ...renders, ...variants }).map(([service, render]): [string, Bundle] => [
    `${service} on ${system}`,
    render(system),
  ]),
);

/** PHP's version is part of its paths; the template is the same. */
const withoutVersion = (path: string) => path.replace(/(\/php\/?)\d+\.\d+/, "$1VERSION");

/** As the packages do it. */
const hiddenWithoutSecret: Record<string, string> = {
  "/etc/redis/redis.conf": "0640",
  "/etc/dovecot/dovecot-sql.conf.ext": "0640",
  "/etc/dovecot/app-passwords.conf.ext": "0640",
  "/etc/sudoers.d/mailstack": "0440",
};

describe("every bundle", () => {
  test.each(every)("%s: files end with a newline and hold no trailing spaces", (_name, bundle) => {
    for (const [path, file] of Object.entries(bundle.files)) {
      expect([path, file.content.endsWith("\n")]).toEqual([path, true]);
      expect([path, / $/m.test(file.content)]).toEqual([path, false]);
    }
  });

  test.each(every)("%s: what holds a secret is hidden, the rest is not", (_name, bundle) => {
    for (const [path, file] of Object.entries(bundle.files)) {
      // ssh takes no key that a group may read, and Postfix's client opens its login as root.
      const forRoot = /^\/etc\/mailstack-(backup|alerts)\//.test(path) || path === "/etc/postfix/relay_password";
      const hidden = file.content.includes("@@secret:")
        ? expect.stringMatching(forRoot ? /^0600$/ : /^0640$/)
        : hiddenWithoutSecret[path];
      expect([path, file.mode]).toEqual([path, hidden ?? expect.stringMatching(/^0(644|755)$/)]);
    }
  });

  test("no two services write the same file", () => {
    for (const system of Object.keys(systems) as SystemName[]) {
      const paths = Object.values(renders).flatMap((render) => Object.keys(render(system).files));
      expect(paths.length).toBe(new Set(paths).size);
    }
  });

  test("every template is used", () => {
    const used = new Set(every.flatMap(([, bundle]) => Object.keys(bundle.files).map(withoutVersion)));
    const root = join(__dirname, "../../templates");
    for (const service of readdirSync(root))
      for (const entry of readdirSync(join(root, service), { recursive: true, withFileTypes: true }))
        if (entry.isFile())
          expect(used).toContain(
            join(entry.parentPath, entry.name)
              .slice(join(root, service).length)
              .replace(/\.mustache$/, ""),
          );
  });
});

describe("Postfix", () => {
  const files = (messageSizeLimitMb: number) => renderOf("postfix", { messageSizeLimitMb })("debian12").files;
  const main = (mb: number) => files(mb)["/etc/postfix/main.cf"]!.content;

  test("no value has a comment behind it: Postfix would not start", () => {
    for (const path of ["/etc/postfix/main.cf", "/etc/postfix/master.cf"])
      for (const line of files(40)[path]!.content.split("\n")) expect(line).not.toMatch(/^[^#].*#/);
  });

  test("the message limit is in bytes and the queue has room for more than one", () => {
    expect(main(40)).toContain("\nmessage_size_limit = 41943040\n");
    expect(main(40)).toContain("\nqueue_minfree = 209715200\n");
    expect(main(1)).toContain("\nmessage_size_limit = 1048576\n");
  });

  test("both submission services ask for the same", () => {
    const services = files(40)["/etc/postfix/master.cf"]!.content.split(/^(?=\S)/m);
    const options = (name: string) =>
      services
        .find((service) => service.startsWith(`${name} `))!
        .split("\n")
        .filter((line) => line.includes("-o ") && !/syslog_name|smtpd_tls/.test(line));
    expect(options("submission")).toEqual(options("submissions"));
    expect(options("submission")).toContainEqual(
      expect.stringMatching(/sender_restrictions=.*reject_sender_login_mismatch$/),
    );
  });
});

describe("accounts", () => {
  const aliases = renderOf("accounts", {
    domain: "b.example",
    domains: [{ name: "a.example", cloudflareZoneId: "1".repeat(32) }],
    users: [{ address: "postmaster@a.example", quotaMb: 100 }],
    aliases: [{ address: "abuse@b.example", destinations: ["z@x.example", "y@x.example"] }],
    sharedAliases: [],
    administrator: "postmaster@a.example",
  })("debian12").accounts!.aliases;

  test("the administrator gets the standard names of each domain", () => {
    expect(aliases).toContainEqual({ source: "root@b.example", destinations: ["postmaster@a.example"] });
    expect(aliases).toContainEqual({ source: "tls-rpt@a.example", destinations: ["postmaster@a.example"] });
  });

  test("but not where a user or an alias has the name", () => {
    expect(aliases.map((alias) => alias.source)).not.toContain("postmaster@a.example");
    expect(aliases.filter((alias) => alias.source === "abuse@b.example")).toEqual([
      { source: "abuse@b.example", destinations: ["y@x.example", "z@x.example"] },
    ]);
  });

  test("the order does not depend on the settings' order", () => {
    const sources = aliases.map((alias) => alias.source);
    expect(sources).toEqual([...sources].sort());
  });
});

test("no swap means no file and no unit", () => {
  expect(renderOf("swap", { swapMb: 0 })("debian12")).toEqual({ service: "swap", files: {} });
});

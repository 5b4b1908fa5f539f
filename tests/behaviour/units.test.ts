import { onEveryHost } from "./support/hosts";
import { last, parseIni, unitsOf } from "./support/units";

/** Services of packages that need no sandbox of ours. */
const elsewhere: Record<string, string> = {
  "ssh.service": "an administrator does everything through it",
  "cron.service": "runs what others have put there",
  "unattended-upgrades.service": "installs packages",
  "ufw.service": "sets the packet filter, and ends",
  "systemd-journald.service": "has systemd's own sandbox",
  "rsyslog.service": "has the package's own sandbox",
  "redis-server.service": "has the package's own sandbox",
};
/** What a daemon of ours may lack, and why. */
const lacks: Record<string, string[]> = {
  // Its Sieve sends by postdrop, which is setgid.
  "dovecot.service": ["NoNewPrivileges"],
  // Other sites are served by it too.
  "nginx.service": ["ProtectHome"],
};

/** Other sites' programs run there too; the webmail's own processes are another user's. */
const isShared = (unit: string) => /^php.*-fpm/.test(unit);

/** Started by the host's program, while a new key waits for its record. */
const onDemand = ["mailstack-dkim.timer"];

/** Reached by nobody but this host itself, or by no network at all. */
const confined = (value: (name: string) => string, families: string) =>
  value("PrivateNetwork") === "yes" ||
  (value("IPAddressDeny") === "any" && value("IPAddressAllow") === "localhost") ||
  !/AF_INET/.test(families);

onEveryHost("systemd", (host) => {
  const units = unitsOf(host);
  const started = host.bundles.flatMap((bundle) =>
    Object.entries(bundle.units ?? {}).flatMap(([name, { running }]) => (running === false ? [] : [name])),
  );
  const { postfixUnit } = host.stack.system;
  const daemons = started.filter(
    (name) =>
      /^(?!mailstack-).*\.service$/.test(name) &&
      !elsewhere[name] &&
      !isShared(name) &&
      (name !== "postfix.service" || name === postfixUnit),
  );

  test("each daemon of a package is in a sandbox of ours, but for those that need none", () => {
    expect(started).toEqual(expect.arrayContaining(Object.keys(elsewhere)));
    expect(daemons).toEqual(
      expect.arrayContaining([postfixUnit, "dovecot.service", "nginx.service", "rspamd.service"]),
    );
    for (const unit of daemons) {
      const drops = units.filter((each) => each.unit === unit && each.ini.Service);
      expect([unit, drops.length > 0]).toEqual([unit, true]);
      const value = (name: string) => drops.map(({ ini }) => last(ini, "Service", name)).find(Boolean) ?? "";
      expect([unit, value("ProtectSystem")]).toEqual([unit, expect.stringMatching(/^(strict|full)$/)]);
      for (const name of [
        "NoNewPrivileges",
        "ProtectHome",
        "PrivateDevices",
        "ProtectKernelModules",
        "RestrictNamespaces",
        "LockPersonality",
      ])
        if (!lacks[unit]?.includes(name)) expect([unit, name, value(name)]).toEqual([unit, name, "yes"]);
      expect(value("RestrictAddressFamilies")).toMatch(/^AF_/);
      const calls = drops.flatMap(({ ini }) => ini.Service!.SystemCallFilter ?? []);
      expect([unit, calls[0]]).toEqual([unit, expect.stringMatching(/^@system-service/)]);
      const capabilities = drops.flatMap(({ ini }) => ini.Service!.CapabilityBoundingSet ?? []).join(" ");
      expect([unit, drops.some(({ ini }) => ini.Service!.CapabilityBoundingSet)]).toEqual([unit, true]);
      expect([unit, /CAP_SYS_ADMIN|CAP_SYS_MODULE|CAP_SYS_RAWIO|~/.test(capabilities)]).toEqual([unit, false]);
    }
  });

  test("each daemon of our own is nobody, reaches nothing, and has no capability", () => {
    const own = units.filter(
      ({ unit, own, ini }) => own && unit.endsWith(".service") && last(ini, "Service", "Type") !== "oneshot",
    );
    const served = own
      .map(({ unit }) => unit)
      .filter((unit) => units.some((each) => each.unit === unit.replace(/@?\.service$/, ".socket")));
    expect(served.length).toBeGreaterThan(2);
    for (const { unit, ini } of own) {
      const value = (name: string) => last(ini, "Service", name);
      expect([unit, ini.Service!.CapabilityBoundingSet]).toEqual([unit, [""]]);
      expect([unit, value("RestrictNamespaces"), value("PrivateDevices")]).toEqual([unit, "yes", "yes"]);
      expect([unit, value("ProtectHome")]).toEqual([unit, "yes"]);
      expect([unit, confined(value, value("RestrictAddressFamilies"))]).toEqual([unit, true]);
      // A dynamic user has both of these by itself.
      if (value("DynamicUser") !== "yes") {
        expect([unit, value("NoNewPrivileges")]).toEqual([unit, "yes"]);
        expect([unit, value("ProtectSystem")]).toEqual([unit, "strict"]);
      }
      // Whoever is asked by others is not root: but for the one that changes passwords.
      if (served.includes(unit) && unit !== "mailstack-password@.service")
        expect([unit, value("DynamicUser") === "yes" || !["", "root"].includes(value("User"))]).toEqual([unit, true]);
      if (served.includes(unit)) expect([unit, value("SystemCallFilter")]).toEqual([unit, expect.stringMatching(/@/)]);
    }
  });

  test("no unit needs a folder that is gone after a boot, but for those that systemd-tmpfiles makes", () => {
    const made = host.bundles.flatMap(({ files = {} }) =>
      Object.entries(files).flatMap(([path, { content }]) =>
        path.startsWith("/etc/tmpfiles.d/") ? [...content.matchAll(/^d (\S+) /gm)].map((match) => match[1]) : [],
      ),
    );
    const needs = units.flatMap(({ unit, ini }) =>
      ["ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "BindPaths", "BindReadOnlyPaths"].flatMap((name) =>
        (ini.Service?.[name] ?? [])
          .flatMap((paths) => paths.split(/\s+/))
          .filter((path) => !made.includes(path))
          .map((path) => `${unit} ${path}`),
      ),
    );
    expect(needs.length).toBeGreaterThan(2);
    expect(needs.filter((need) => / (\/var)?\/run\/./.test(need))).toEqual([]);
  });

  test("no socket of ours is everybody's", () => {
    const sockets = units.filter(({ unit, ini }) => unit.endsWith(".socket") && ini.Socket?.ListenStream);
    expect(sockets.length).toBeGreaterThan(2);
    for (const { unit, ini } of sockets) {
      const listens = last(ini, "Socket", "ListenStream");
      if (!listens.startsWith("/"))
        expect([unit, listens]).toEqual([unit, expect.stringMatching(/^127\.0\.0\.1:\d+$/)]);
      else {
        expect([unit, last(ini, "Socket", "SocketMode")]).toEqual([unit, expect.stringMatching(/^0?6[60]0$/)]);
        const whose = last(ini, "Socket", "SocketGroup") || last(ini, "Socket", "SocketUser");
        expect([unit, whose]).toEqual([unit, expect.stringMatching(/^[a-z_]/)]);
      }
    }
  });

  test("whoever talks to a port of the loopback that believes everybody is named", () => {
    const rules = host.text("/etc/nftables.d/mailstack.nft");
    const guard = last(
      parseIni(host.text("/etc/systemd/system/mailstack-mail-guard.socket")),
      "Socket",
      "ListenStream",
    ).split(":")[1];
    const filter = /--filter-port (\d+)$/.exec(
      last(parseIni(host.text("/etc/systemd/system/mailstack-mail-guard.service")), "Service", "ExecStart"),
    )![1];
    expect(rules).toMatch(`oifname "lo" tcp dport { ${guard} } meta skuid != { root, postfix } goto refuse\n`);
    // Dynamic users of systemd.
    expect(rules).toMatch(`oifname "lo" tcp dport { ${filter} } meta skuid != { root, 61184-65519 } goto refuse\n`);
    expect(host.text("/etc/rspamd/local.d/worker-proxy.inc")).toMatch(`bind_socket = "127.0.0.1:${filter}";`);
  });

  test("every unit that a service is made of is started by its bundle, and every one it starts is there", () => {
    const started = host.bundles.flatMap((bundle) => Object.entries(bundle.units ?? {}));
    const running = started.filter(([, unit]) => unit.running !== false).map(([name]) => name);
    const files = units.filter(({ own }) => own).map(({ unit }) => unit);
    for (const [name] of started.filter(([each, { running: on }]) => each.startsWith("mailstack-") && on !== false))
      expect(files).toContain(name);
    for (const unit of files.filter(
      (each) => /^mailstack-.*\.(timer|socket|path)$/.test(each) && !onDemand.includes(each),
    )) {
      const named = started.map(([name]) => name);
      expect([unit, named.includes(unit)]).toEqual([unit, true]);
    }
    for (const name of [
      "nginx.service",
      "dovecot.service",
      "rspamd.service",
      "fail2ban.service",
      "ufw.service",
      host.stack.system.postfixUnit,
      "unbound.service",
      "redis-server.service",
      "ssh.service",
    ])
      expect(running).toContain(name);
  });

  test("what happens by the clock happens, also when the host was off", () => {
    const timers = units.filter(({ unit }) => unit.endsWith(".timer"));
    expect(timers.map(({ unit }) => unit)).toEqual(
      expect.arrayContaining(["mailstack-certificate.timer", "mailstack-dkim.timer"]),
    );
    for (const { unit, ini } of timers) {
      expect([unit, last(ini, "Install", "WantedBy")]).toEqual([unit, "timers.target"]);
      expect([unit, Boolean(last(ini, "Timer", "OnCalendar") || last(ini, "Timer", "OnUnitInactiveSec"))]).toEqual([
        unit,
        true,
      ]);
      expect(units.map((each) => each.unit)).toContain(unit.replace(/\.timer$/, ".service"));
    }
    const certificate = timers.find(({ unit }) => unit === "mailstack-certificate.timer")!;
    expect(last(certificate.ini, "Timer", "Persistent")).toBe("true");
    expect(last(certificate.ini, "Timer", "OnCalendar")).toBe("*-*-* 00,12:00:00");
  });
});

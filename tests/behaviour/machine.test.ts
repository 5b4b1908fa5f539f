import { onEveryHost } from "./support/hosts";
import { parseIni } from "./support/units";

/** What sshd understands: the first value of a setting counts, and a Match block holds for some only. */
function sshdOf(text: string): { settings: Record<string, string>; matches: Record<string, Record<string, string>> } {
  const settings: Record<string, string> = {};
  const matches: Record<string, Record<string, string>> = {};
  let here = settings;
  for (const line of text.split("\n").map((each) => each.trim())) {
    if (line === "" || line.startsWith("#")) continue;
    const [, key = "", value = ""] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (key.toLowerCase() === "match") here = value === "all" ? {} : (matches[value] = {});
    else here[key.toLowerCase()] ??= value;
  }
  return { settings, matches };
}

onEveryHost("the machine", (host) => {
  const { stack } = host;

  test("SSH takes keys only, and nobody's exception says otherwise", () => {
    const { settings, matches } = sshdOf(host.text("/etc/ssh/sshd_config.d/00-mailstack.conf"));
    expect(settings).toMatchObject({
      passwordauthentication: "no",
      kbdinteractiveauthentication: "no",
      permitemptypasswords: "no",
      permitrootlogin: "prohibit-password",
      x11forwarding: "no",
    });
    for (const match of Object.values(matches))
      expect(Object.keys(match).filter((key) => !["authorizedkeysfile", "allowusers"].includes(key))).toEqual([]);
    expect(matches["Group mailstack-sudo"]).toEqual({ authorizedkeysfile: "/etc/ssh/authorized_keys.d/%u" });
    const narrow = Object.keys(matches).filter((key) => key.startsWith("Address "));
    const open = stack.sshAllowedCidrs.includes("0.0.0.0/0");
    expect(narrow).toEqual(open ? [] : [`Address *,${stack.sshAllowedCidrs.map((cidr) => `!${cidr}`).join(",")}`]);
    for (const key of narrow) expect(matches[key]).toEqual({ allowusers: "root" });
  });

  test("exactly the people of the settings have keys and sudo", () => {
    const rules = host
      .text("/etc/sudoers.d/mailstack")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(rules).toEqual(stack.sudoUsers.map(({ name }) => `${name} ALL=(ALL:ALL) NOPASSWD: ALL`));
    expect(host.files["/etc/sudoers.d/mailstack"]!.mode).toBe("0440");
    const keys = Object.keys(host.files).filter((path) => path.startsWith("/etc/ssh/authorized_keys.d/"));
    expect(keys).toEqual(stack.sudoUsers.map(({ name }) => `/etc/ssh/authorized_keys.d/${name}`));
    for (const { name, authorizedKeys } of stack.sudoUsers)
      expect(host.text(`/etc/ssh/authorized_keys.d/${name}`).trim().split("\n")).toEqual(authorizedKeys);
  });

  test("fail2ban never bans the host, nor whom the settings trust", () => {
    const { DEFAULT: all = {}, ...jails } = parseIni(host.text("/etc/fail2ban/jail.local"));
    expect(all.ignoreip![0]!.split(" ")).toEqual(["127.0.0.0/8", "::1", ...stack.trustedCidrs]);
    expect(all.ignoreself).toEqual(["true"]);
    expect(all.ignorecommand![0]).toMatch(/grep -qxF -e <ip> \/var\/lib\/mailstack\/deployers$/);
    for (const [name, jail] of Object.entries(jails)) {
      expect([name, jail.ignoreip ?? []]).toEqual([name, []]);
      // A network may hold somebody who is trusted, so it has a rule that spares them.
      if (name.endsWith("-network")) expect(jail.ignorecommand).toEqual(["/usr/local/sbin/mailstack is-near <ip>"]);
    }
    const action = host.text("/etc/fail2ban/action.d/mailstack-network.conf");
    for (const cidr of stack.trustedCidrs.filter((each) => each.includes(":"))) expect(action).toContain(cidr);
  });

  test("fail2ban bans at every port where a password can be tried, as the settings say", () => {
    const { DEFAULT: all = {}, ...jails } = parseIni(host.text("/etc/fail2ban/jail.local"));
    expect([all.maxretry, all.bantime]).toEqual([[String(stack.banAfterFailures)], [`${stack.banMinutes}m`]]);
    for (const name of ["sshd", "postfix", "mailstack-login", "recidive"])
      expect(jails[name]!.enabled).toEqual(["true"]);
    const ports = jails["mailstack-login"]!.port![0]!.split(",");
    expect(ports.sort()).toEqual(["25", "4190", "443", "465", "587", "80", "993", "995"]);
    expect(jails["mailstack-login-network"]!.port![0]!.split(",").sort()).toEqual(ports);
  });

  test("the firewall lets in the services' ports and SSH, and nothing else", () => {
    const settings = parseIni(host.text("/etc/default/ufw"))[""]!;
    expect(settings.DEFAULT_INPUT_POLICY).toEqual(['"DROP"']);
    expect(settings.DEFAULT_FORWARD_POLICY).toEqual(['"DROP"']);
    expect(parseIni(host.text("/etc/ufw/ufw.conf"))[""]!.ENABLED).toEqual(["yes"]);
    const expected = [22, 25, 80, 443, 465, 587, 993, 995, ...(stack.manageSieve ? [4190] : [])];
    for (const [path, chain] of [
      ["/etc/ufw/user.rules", "ufw"],
      ["/etc/ufw/user6.rules", "ufw6"],
    ] as const) {
      const accepts = host
        .text(path)
        .split("\n")
        .filter((line) => /-j ACCEPT$/.test(line) && line.includes("user-input"));
      const ports = accepts.map((line) =>
        Number(new RegExp(`^-A ${chain}-user-input -p tcp --dport (\\d+) -j ACCEPT$`).exec(line)?.[1]),
      );
      expect(ports.sort((a, b) => a - b)).toEqual(chain === "ufw" || stack.ipv6 ? expected : []);
    }
  });

  test("the kernel limits every open port, after it has let in whom the settings trust", () => {
    const rules = host.text("/etc/nftables.d/mailstack.nft");
    const input = rules.slice(rules.indexOf("chain input {"), rules.indexOf("# A client is"));
    const lines = input
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => / accept$| jump /.test(line));
    const accepted = lines.filter((line) => line.endsWith(" accept") && line.includes("saddr"));
    expect(accepted).toEqual(
      stack.trustedCidrs.map((cidr) => `${cidr.includes(":") ? "ip6" : "ip"} saddr ${cidr} accept`),
    );
    const jumps = lines.flatMap((line) => /^tcp dport \{ (.*) \} jump (\w+)$/.exec(line)?.[1]?.split(", ") ?? []);
    expect(jumps.sort()).toEqual(["25", "4190", "443", "465", "587", "80", "993", "995"]);
    expect(lines.findLastIndex((line) => line.includes("saddr"))).toBeLessThan(
      lines.findIndex((line) => line.includes("jump")),
    );
    for (const chain of ["smtp", "submission", "reading", "web"])
      expect(rules).toMatch(
        new RegExp(`chain ${chain} \\{[^]*?_address4 \\{ tcp dport \\. ip saddr ct count over \\d+ \\} goto refuse`),
      );
  });

  test("security updates come by themselves, every day", () => {
    const text = host.text("/etc/apt/apt.conf.d/52mailstack-upgrades");
    const value = (name: string) => new RegExp(`^${name} "(.*)";$`, "m").exec(text)?.[1];
    expect(value("APT::Periodic::Update-Package-Lists")).toBe("1");
    expect(value("APT::Periodic::Unattended-Upgrade")).toBe("1");
    expect(text).toMatch(
      /^Unattended-Upgrade::Origins-Pattern \{ "origin=Debian,codename=\$\{distro_codename\}-security,label=Debian-Security"; \};$/m,
    );
    expect(text).toMatch(/--force-confdef.*--force-confold/);
    expect(value("Unattended-Upgrade::Automatic-Reboot")).toBe("false");
    expect(value("Unattended-Upgrade::Mail")).toBe(stack.administrator);
  });

  test("the kernel tells users nothing of each other, and takes no detours on a stranger's word", () => {
    const settings = parseIni(host.text("/etc/sysctl.d/60-mailstack-kernel.conf"))[""]!;
    const expected = {
      "kernel.yama.ptrace_scope": "1",
      "fs.suid_dumpable": "0",
      "fs.protected_symlinks": "1",
      "fs.protected_hardlinks": "1",
      "net.ipv4.tcp_syncookies": "1",
      "net.ipv4.conf.all.accept_redirects": "0",
      "net.ipv6.conf.all.accept_redirects": "0",
      "net.ipv4.conf.all.accept_source_route": "0",
    };
    for (const [name, value] of Object.entries(expected)) expect([name, settings[`-${name}`]]).toEqual([name, [value]]);
  });
});

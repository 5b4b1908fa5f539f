import { dovecotOf, queriesOf, sections, service } from "./support/dovecot";
import { onEveryHost, onHostsWith } from "./support/hosts";

onEveryHost("Dovecot", (host) => {
  const dovecot = dovecotOf(host);
  const { settings } = dovecot;

  test("speaks TLS of 1.2 or newer, or nothing", () => {
    expect(settings.ssl).toBe("required");
    expect(["TLSv1.2", "TLSv1.3"]).toContain(settings.ssl_min_protocol);
    expect(settings.ssl_cipher_list).not.toMatch(/NULL|RC4|3DES|MD5|EXPORT|(^|:)(ALL|DEFAULT)/);
  });

  test("takes no password outside of TLS", () => {
    const plain = settings.auth_allow_cleartext ?? (settings.disable_plaintext_auth === "yes" ? "no" : "yes");
    expect(plain).toBe("no");
    expect(settings.auth_mechanisms!.split(" ").sort()).toEqual(["login", "plain"]);
    expect(settings.login_trusted_networks).toBe("127.0.0.2");
  });

  test("has no port for mail programs without TLS, and ManageSieve only for whom the setting says", () => {
    const listeners = (name: string) => sections(service(dovecot, name), "inet_listener");
    for (const [name, port] of [
      ["imap", "993"],
      ["pop3", "995"],
    ] as const) {
      const open = listeners(`${name}-login`).filter((each) => each.settings.port !== "0");
      expect(open.map((each) => [each.settings.port, each.settings.ssl])).toEqual([[port, "yes"]]);
    }
    const [sieve, ...others] = listeners("managesieve-login");
    expect(others).toEqual([]);
    expect(sieve!.settings.port).toBe("4190");
    expect(sieve!.settings.listen ?? sieve!.settings.address).toBe(host.stack.manageSieve ? undefined : "127.0.0.1");
    const on = settings.protocols?.split(" ") ?? Object.keys(sections(dovecot, "protocols")[0]!.settings);
    expect(on.sort()).toEqual(["imap", "lmtp", "pop3", "sieve"]);
    expect(settings.listen).toBe(host.stack.ipv6 ? "*, ::" : "*");
  });

  test("no socket is everybody's, and those that Postfix uses are Postfix's", () => {
    const listeners = sections(dovecot, "service").flatMap((each) => sections(each, "unix_listener"));
    expect(listeners.length).toBeGreaterThan(5);
    for (const { label, settings: socket } of listeners) {
      const mode = parseInt(socket.mode!, 8);
      expect([label, mode & 0o007]).toEqual([label, 0]);
      if (label.startsWith("/var/spool/postfix/")) expect([socket.user, socket.group]).toEqual(["postfix", "postfix"]);
    }
    // The packaged one is open to all, past the filter.
    const [lmtp] = sections(service(dovecot, "lmtp"), "unix_listener", "lmtp");
    expect(parseInt(lmtp!.settings.mode!, 8)).toBe(0);
  });

  test("lets in only who is active and not locked, by salted hashes", () => {
    const { app, password, user } = queriesOf(host);
    for (const query of [app, password]) expect(query).toMatch(/\bactive = 1 AND locked = 0\b/);
    expect(user).toMatch(/FROM users WHERE email = '%(u|\{user\})' AND active = 1$/);
    expect(password).toMatch(/SCHEME SHA512-CRYPT$/);
    expect(password).toMatch(/^SELECT email AS user, password[ ,]/);
    // Without a password in the row the hash is the question.
    expect(app).toMatch(/AND hash = '%\{(sha256:password|password \| sha256)\}'/);
    const aged = /strftime|julianday|unixepoch|password_changed|date\(/i.test(password);
    expect(aged).toBe(host.stack.passwordMaxAgeDays > 0);
  });

  test("works with mail as the owner of mail, and as nobody else", () => {
    for (const name of ["first_valid_uid", "last_valid_uid", "first_valid_gid", "last_valid_gid"])
      expect([name, settings[name]]).toEqual([name, "5000"]);
    expect([settings.mail_uid, settings.mail_gid]).toEqual(["vmail", "vmail"]);
  });

  test("users' scripts run no program", () => {
    const plugin = sections(dovecot, "plugin")[0]?.settings ?? {};
    const only = sections(dovecot, "sieve_global_extensions")[0]?.settings ?? {};
    const global = plugin.sieve_global_extensions?.split(" ").map((word) => word.slice(1)) ?? Object.keys(only);
    expect(global).toContain("vnd.dovecot.pipe");
    for (const where of [settings, plugin])
      for (const name of ["sieve_extensions", "sieve_pipe_bin_dir", "sieve_execute_bin_dir"])
        expect(where[name]).toBeUndefined();
    expect(sections(dovecot, "sieve_extensions")).toEqual([]);
    const redirects = Number(plugin.sieve_max_redirects ?? settings.sieve_max_redirects);
    expect(redirects).toBeGreaterThan(0);
    expect(redirects).toBeLessThanOrEqual(100);
  });

  test("refuses for good what does not fit into a mailbox", () => {
    const where = { ...settings, ...sections(dovecot, "plugin")[0]?.settings };
    expect(where.quota_status_overquota).toMatch(/^"552 5\.2\.2 /);
    expect(where.quota_status_toolarge).toMatch(/^"552 5\.2\.3 /);
    const limit = where.quota_storage_size ?? where.quota_rule?.replace("*:storage=", "");
    expect(limit).toBe(`${host.stack.defaultQuotaMb}M`);
  });

  test("asks whether an account is locked out exactly where there is a lockout", () => {
    expect(settings.auth_policy_server_url !== undefined).toBe(host.stack.lockAfterFailures > 0);
  });
});

onHostsWith(
  ({ lockAfterFailures }) => lockAfterFailures > 0,
  "the lockout",
  (host) => {
    test("is asked where its daemon listens, on the loopback, and knows who is trusted", () => {
      const [, address] =
        /^http:\/\/(127\.0\.0\.1:\d+)\/$/.exec(dovecotOf(host).settings.auth_policy_server_url!) ?? [];
      expect(host.text("/etc/systemd/system/mailstack-login-policy.socket")).toMatch(`\nListenStream=${address}\n`);
      const [, line] = /^ExecStart=(.*)$/m.exec(host.text("/etc/systemd/system/mailstack-login-policy.service"))!;
      expect(line).toContain(`--failures ${host.stack.lockAfterFailures} --minutes ${host.stack.lockMinutes}`);
      for (const cidr of host.stack.trustedCidrs) expect(line).toContain(` --trusted ${cidr}`);
    });
  },
);

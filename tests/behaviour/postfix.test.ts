import { isLoopback, onEveryHost } from "./support/hosts";
import { listOf, listens, postfixOf, regexpLookup, tlsVersions } from "./support/postfix";

onEveryHost("Postfix", (host) => {
  const postfix = postfixOf(host);
  const every = [undefined, ...postfix.services];
  const open = postfix.services.filter(
    (service) => service.command === "smtpd" && !isLoopback(listens(service).address),
  );
  const { fqdn } = host.stack;

  test("speaks no TLS below 1.2, in either direction", () => {
    for (const service of every)
      for (const side of ["smtpd", "smtp"])
        for (const name of [`${side}_tls_protocols`, `${side}_tls_mandatory_protocols`])
          expect([name, tlsVersions(postfix.of(service, name))]).toEqual([name, ["TLSv1.2", "TLSv1.3"]]);
  });

  test("offers TLS to everybody, with no cipher that anybody can read or be anybody with", () => {
    for (const service of open) {
      expect(["may", "encrypt"]).toContain(postfix.of(service, "smtpd_tls_security_level"));
      const excluded = listOf(postfix.of(service, "smtpd_tls_exclude_ciphers"));
      expect(excluded).toEqual(expect.arrayContaining(["aNULL", "eNULL", "RC4", "3DES", "MD5"]));
    }
    expect(postfix.main.tls_high_cipherlist).not.toMatch(/NULL|RC4|3DES|MD5|CBC|EXPORT/);
  });

  test("sends by TLS wherever the other side can, and by its own key (DANE) as the setting says", () => {
    const own = ["srs", "smarthost"];
    const transports = postfix.services.filter(({ command, name }) => command === "smtp" && !own.includes(name));
    for (const service of transports)
      expect(postfix.of(service, "smtp_tls_security_level")).toBe(host.stack.daneOutbound ? "dane" : "may");
    expect(postfix.main.smtp_dns_support_level).toBe(host.stack.daneOutbound ? "dnssec" : "enabled");
    // What it learns so is worth something only from a resolver that validates, on this host.
    expect(host.text("/etc/resolv.conf")).toMatch(/^nameserver 127\.0\.0\.1\noptions .*trust-ad/m);
    expect(host.text("/etc/unbound/unbound.conf.d/mailstack.conf")).toMatch(/module-config: "validator /);
  });

  test("ends a message where SMTP says, and takes commands in their turn", () => {
    for (const service of open) {
      expect(["yes", "normalize", "reject"]).toContain(postfix.of(service, "smtpd_forbid_bare_newline"));
      const exclusions = listOf(postfix.of(service, "smtpd_forbid_bare_newline_exclusions"));
      expect(exclusions.filter((network) => !isLoopback(network))).toEqual([]);
      expect(listOf(postfix.of(service, "smtpd_data_restrictions"))).toContain("reject_unauth_pipelining");
      expect(postfix.of(service, "smtpd_helo_required")).toBe("yes");
      expect(postfix.of(service, "disable_vrfy_command")).toBe("yes");
    }
  });

  test("refuses whom it does not have while it is asked, and has who is active in a hosted domain", () => {
    const server = open.find((service) => listens(service).port === "smtp")!;
    const words = listOf(postfix.of(server, "smtpd_recipient_restrictions"));
    expect(words).toContain("reject_unlisted_recipient");
    expect(words.filter((word) => /^permit/.test(word))).toEqual([]);
    expect(words.some((word) => word.includes("mailbox-quota"))).toBe(true);
    const query = (name: string) => {
      const [, path] = /proxy:sqlite:(\S+)$/.exec(postfix.main[name]!) ?? [];
      return host.text(path!).replace(/\n\s+/g, " ");
    };
    expect(query("virtual_mailbox_domains")).toMatch(/FROM domains WHERE name = '%s' AND active = 1/);
    expect(query("virtual_mailbox_maps")).toMatch(/FROM users WHERE email = '%s' AND active = 1/);
    expect(query("virtual_alias_maps")).toMatch(/UNION SELECT email FROM users WHERE email = '%s' AND active = 1/);
  });

  test("keeps one client from taking all of it, and counts nobody who is trusted", () => {
    const server = open.find((service) => listens(service).port === "smtp")!;
    for (const name of ["connection_count", "connection_rate", "message_rate"])
      expect(Number(postfix.of(server, `smtpd_client_${name}_limit`))).toBeGreaterThan(0);
    const free = listOf(postfix.main.smtpd_client_event_limit_exceptions!.replace("$mynetworks", ""));
    expect(free.map((network) => network.replace(/[[\]]/g, ""))).toEqual(host.stack.trustedCidrs);
  });

  test("mail to the host's own names reaches the administrator", () => {
    const lines = host.text("/etc/postfix/system_aliases").split("\n");
    for (const name of ["postmaster", "abuse", "root"])
      for (const domain of [fqdn, "localhost"])
        expect(lines).toContain(`${name}@${domain} ${host.stack.administrator}`);
    expect(listOf(postfix.main.virtual_alias_domains!)).toEqual([fqdn, "localhost"]);
  });

  test("sends on in the host's name what others wrote, and only that", () => {
    const table = host.text("/etc/postfix/foreign_senders");
    const way = (sender: string) => regexpLookup(table, sender);
    expect(way(`srs0=a@${fqdn}`)).toBe("DUNNO");
    expect(way("friend@elsewhere.example")).toMatch(/^srs:\[127\.0\.0\.1\]:\d+$/);
    // Not the same name, although it looks so where a dot is any letter.
    expect(way(`x@${fqdn.replace(".", "x")}`)).toMatch(/^srs:/);
    expect(way(`x@${fqdn}.elsewhere.example`)).toMatch(/^srs:/);
    expect(way("")).toBeUndefined();
    expect(host.text("/etc/postfix/own_senders.cf")).toMatch(/SELECT 'DUNNO' FROM domains WHERE name = '%d'/);
  });

  test("an address that leads back to a stranger takes bounces only", () => {
    const recipients = host.text("/etc/postfix/rewritten_recipients");
    expect(regexpLookup(recipients, `SRS0=x=y=elsewhere.example=u@${fqdn}`)).toBe("bounces_only");
    expect(regexpLookup(recipients, `u@${fqdn}`)).toBeUndefined();
    expect(listOf(postfix.main.smtpd_recipient_restrictions!)).toContain("regexp:/etc/postfix/rewritten_recipients");
    const senders = host.text("/etc/postfix/bounces_only");
    expect(regexpLookup(senders, "<>")).toBe("DUNNO");
    expect(regexpLookup(senders, "stranger@elsewhere.example")).toMatch(/^5/);
  });

  test("takes no address that it could not deliver to", () => {
    const table = host.text("/etc/postfix/not_ascii");
    expect(regexpLookup(table, "jörg@example.org")).toMatch(/^553 5\.6\.7/);
    expect(regexpLookup(table, "joerg+tag@example.org")).toBeUndefined();
    for (const service of open)
      for (const side of ["sender", "recipient"])
        expect(postfix.of(service, `smtpd_${side}_restrictions`)).toMatch(/regexp:\/etc\/postfix\/not_ascii/);
  });

  test("what users send does not tell where they are and what they write with", () => {
    const user = postfix.services.find(({ name }) => name === "submission")!;
    const cleanup = postfix.services.find(({ name }) => name === postfix.of(user, "cleanup_service_name"));
    expect(postfix.of(cleanup, "header_checks")).toBe("regexp:/etc/postfix/submission_headers");
    const checks = host.text("/etc/postfix/submission_headers");
    const own = `Received: from laptop (unknown [192.0.2.7]) by ${fqdn} (Postfix) with ESMTPSA id 4Abc; Sun, 29 Nov 2026 12:00:00 +0000 (UTC)`;
    expect(regexpLookup(checks, own)).toMatch(/^REPLACE Received: by /);
    expect(regexpLookup(checks, own)).not.toMatch(/192\.0\.2\.7|laptop/);
    for (const header of ["User-Agent: Mail 1", "X-Mailer: Mail 1", "X-Originating-IP: 192.0.2.7", "X-Spam: Yes"])
      expect([header, regexpLookup(checks, header)]).toEqual([header, "IGNORE"]);
    expect(regexpLookup(checks, "Subject: Hello")).toBeUndefined();
  });
});

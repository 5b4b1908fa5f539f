import { renderOf } from "../golden/renders";
import { backupMxs, isLoopback } from "./support/hosts";
import { listens, listOf, postfixOf, regexpLookup, tlsVersions } from "./support/postfix";
import { blocksOf, parseBlocks, valuesOf } from "./support/blocks";

describe.each(backupMxs.map((host) => [host.name, host] as const))("%s", (_name, host) => {
  const postfix = postfixOf(host);
  const { relayFor, messageSizeLimitMb } = host.stack;
  const inet = postfix.services.filter(({ type }) => type === "inet");
  const public_ = inet.filter((service) => !isLoopback(listens(service).address));
  const [inner] = inet.filter((service) => !public_.includes(service));
  const relay = postfix.services.find(({ name }) => name === "relay")!;

  test("takes mail for the primary's domains alone, on one port, and nobody logs in", () => {
    expect(public_.map((service) => listens(service).port)).toEqual(["smtp"]);
    expect(listOf(postfix.main.relay_domains!)).toEqual(relayFor!.domains);
    expect(listOf(postfix.main.mynetworks!).every(isLoopback)).toBe(true);
    expect(postfix.main.parent_domain_matches_subdomains).toBe("");
    for (const service of public_) {
      expect(listOf(postfix.of(service, "smtpd_relay_restrictions"))).toEqual([
        "permit_mynetworks",
        "reject_unauth_destination",
      ]);
      expect(postfix.of(service, "smtpd_sasl_auth_enable")).toBe("no");
      expect(tlsVersions(postfix.of(service, "smtpd_tls_protocols"))).toEqual(["TLSv1.2", "TLSv1.3"]);
      expect(postfix.of(service, "smtpd_milters")).toMatch(/^inet:127\.0\.0\.1:/);
      expect(postfix.of(service, "milter_default_action")).toBe("tempfail");
    }
  });

  test("asks about each address before the list counts, and the list refuses nobody", () => {
    const rules = listOf(postfix.main.smtpd_recipient_restrictions!);
    const asked = rules.indexOf("reject_unverified_recipient");
    expect(asked).toBeGreaterThan(0);
    expect(rules.indexOf("texthash:/etc/postfix/relay_recipients")).toBeGreaterThan(asked);
    expect(rules.at(-1)).toMatch(/^static:\{450 4\.1\.1 /);
    expect(postfix.main.smtpd_reject_unlisted_recipient).toBe("no");
    expect(postfix.main.unverified_recipient_reject_code).toBe("550");
    // A user who is new has mail within minutes.
    expect(postfix.main.address_verify_negative_expire_time).toBe("2m");
  });

  test("the service that knows every address is Postfix's alone, and takes no message", () => {
    expect(postfix.of(inner, "smtpd_data_restrictions")).toBe("reject");
    expect(postfix.of(inner, "smtpd_client_restrictions")).toBe("permit_mynetworks,reject");
    const { port } = listens(inner!);
    expect(host.text("/etc/nftables.d/mailstack.nft")).toContain(
      `oifname "lo" tcp dport { ${port} } meta skuid != { root, postfix } goto refuse`,
    );
    expect(host.text("/etc/ufw/user.rules")).not.toContain(`dport ${port}`);
  });

  test("hands mail to nobody but the primary, by its name in a trusted certificate", () => {
    expect(postfix.main.relay_transport).toBe(`relay:[${relayFor!.hostname}]:25`);
    expect(postfix.of(relay, "smtp_tls_security_level")).toBe("secure");
    expect(postfix.of(relay, "smtp_tls_secure_cert_match")).toBe("nexthop");
  });

  test("sends back what the primary refuses for the recipient, and keeps all else", () => {
    expect(postfix.of(relay, "smtp_reply_filter")).toBe("regexp:/etc/postfix/primary_refusals");
    const table = host.text("/etc/postfix/primary_refusals");
    for (const words of [
      "550 5.1.1 <x@example.org>: Recipient address rejected",
      "552 5.2.2 <x@example.org>: Mailbox is full",
      "552-5.2.3 too large",
      "250 2.0.0 Ok: queued",
      "451 4.7.1 later",
      "354 End data",
    ])
      expect([words, regexpLookup(table, words)]).toEqual([words, undefined]);
    for (const [words, said] of [
      ["554 5.7.1 Spam message rejected", "454 4.7.1 Spam message rejected"],
      ["550-5.7.1 two", "450-4.7.1 two"],
      ["554 5.6.0 cannot be checked", "454 4.6.0 cannot be checked"],
      ["550 5.1.10 null MX", "450 4.1.10 null MX"],
      ["554 mail.example.org not now", "454 mail.example.org not now"],
    ] as const)
      expect([words, regexpLookup(table, words)]).toEqual([words, said]);
  });

  test("takes no message that is too large for the primary with the lines that are added", () => {
    const limit = Number(postfix.main.message_size_limit);
    expect(messageSizeLimitMb * 1024 * 1024 - limit).toBeGreaterThanOrEqual(32 * 1024);
    expect(limit).toBeGreaterThan(0.9 * messageSizeLimitMb * 1024 * 1024);
  });
});

describe.each(["debian12", "debian13"] as const)("the primary of a backup MX on %s", (system) => {
  const backupMxs = [
    { version: 1 as const, hostname: "mx2.example.org", ipv4: "203.0.113.20", ipv6: "2001:db8:2::20" },
  ];
  const files = (backups: typeof backupMxs) => renderOf("rspamd", {}, { backupMxs: backups })(system).files;
  const blocks = (path: string) => parseBlocks(files(backupMxs)[`/etc/rspamd/local.d/${path}`]!.content);

  test("refuses nothing that it hands on, and judges it all the same", () => {
    const [settings] = blocksOf(blocks("settings.conf"), "backup_mx");
    expect(valuesOf(settings!.block, "ip").flat().join(" ")).toMatch(/203\.0\.113\.20\/32.*2001:db8:2::20\/128/);
    const [actions] = blocksOf(blocksOf(settings!.block, "apply")[0]!.block, "actions");
    for (const action of ["reject", "greylist", "soft reject"])
      expect([action, valuesOf(actions!.block, action)]).toEqual([action, [["null"]]]);
    const own = files(backupMxs)["/etc/rspamd/override.d/options.inc"]!.content;
    expect(own).toContain('local_addrs = [127.0.0.0/8, "::1"];');
  });

  test("looks at the address behind it, after the settings that go by its own", () => {
    const relay = blocks("external_relay.conf");
    expect(valuesOf(relay, "enabled")).toEqual([["true"]]);
    const [rule] = blocksOf(blocksOf(relay, "rules")[0]!.block, "BACKUP_MX");
    expect(valuesOf(rule!.block, "strategy")).toEqual([["hostname_map"]]);
    expect(Number(valuesOf(rule!.block, "priority")[0]![0])).toBeLessThan(10);
  });

  test("without one believes nobody", () => {
    expect(files([])["/etc/rspamd/local.d/external_relay.conf"]).toBeUndefined();
    expect(files([])["/etc/rspamd/local.d/settings.conf"]!.content).not.toContain("backup_mx");
  });
});

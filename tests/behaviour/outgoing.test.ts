import { outgoingFiles, outgoingOf } from "../../components/services/outgoing";
import { isLoopback, onEveryHost, onHostsWith } from "./support/hosts";
import { listOf, postfixOf, regexpLookup } from "./support/postfix";

onEveryHost("Outgoing mail", (host) => {
  const postfix = postfixOf(host);
  const relay = postfix.services.find(({ name }) => name === "smarthost");

  test("nothing logs in anywhere but at the relay", () => {
    for (const service of [undefined, ...postfix.services.filter((each) => each !== relay)]) {
      expect(["", "no"]).toContain(postfix.of(service, "smtp_sasl_auth_enable"));
      expect(postfix.of(service, "smtp_sasl_password_maps")).toBe("");
    }
  });

  test("nothing but the settings leads to another server", () => {
    for (const name of ["relayhost", "transport_maps", "sender_dependent_relayhost_maps", "smtp_fallback_relay"])
      expect([name, postfix.main[name]]).toEqual([name, undefined]);
    const { relayHost, relayDomains } = host.stack;
    expect(relay !== undefined).toBe(relayHost !== "");
    if (relayHost === "" || relayDomains.length > 0) expect(postfix.main.default_transport).toBeUndefined();
  });

  test("status learns how mail leaves from the same settings", () => {
    const told = JSON.parse(host.text("/usr/local/share/mailstack/outgoing.json")) as unknown;
    expect(told).toEqual(outgoingOf(host.stack));
  });
});

onHostsWith(
  ({ relayHost }) => relayHost !== "",
  "A relay",
  (host) => {
    const postfix = postfixOf(host);
    const relay = postfix.services.find(({ name }) => name === "smarthost")!;
    const { relayHost, relayPort, relayUser, relayDomains, mailDomains, fqdn } = host.stack;
    const nextHop = `smarthost:[${relayHost}]:${relayPort}`;
    const table = host.files["/etc/postfix/relay_senders"]?.content ?? "";

    test("gets mail only with a trusted certificate for its very name", () => {
      expect(postfix.of(relay, "smtp_tls_security_level")).toBe("secure");
      expect(postfix.of(relay, "smtp_tls_secure_cert_match")).toBe("nexthop");
      expect(postfix.of(relay, "smtp_tls_CAfile")).toBe("/etc/ssl/certs/ca-certificates.crt");
      expect(postfix.of(relay, "smtp_tls_policy_maps")).toBe("");
      expect(postfix.of(relay, "smtp_tls_wrappermode")).toBe(relayPort === 465 ? "yes" : "");
    });

    test("gets the password, which nobody else can read", () => {
      const [, path] = /^texthash:(\S+)$/.exec(postfix.of(relay, "smtp_sasl_password_maps")) ?? [];
      const { owner, mode, content } = host.files[path!]!;
      expect([owner, mode]).toEqual(["root:root", "0600"]);
      expect(content).toContain(`\n[${relayHost}]:${relayPort} ${relayUser}:@@secret:relay-password@@\n`);
      expect(listOf(postfix.of(relay, "smtp_sasl_tls_security_options"))).toContain("noanonymous");
      expect(host.bundles.find(({ service }) => service === "packages")!.packages).toContain("libsasl2-modules");
    });

    test("gets the mail of its domains, asked before any other table, and no other mail", () => {
      const [first] = listOf(postfix.main.sender_dependent_default_transport_maps!);
      expect(first).toBe("regexp:/etc/postfix/relay_senders");
      for (const domain of mailDomains) {
        const wanted = relayDomains.includes(domain) ? nextHop : undefined;
        expect(regexpLookup(table, `ceo@${domain}`)).toBe(wanted);
        expect(regexpLookup(table, `CEO+tag@${domain.toUpperCase()}`)).toBe(wanted);
      }
      for (const domain of relayDomains)
        for (const other of [`not${domain}`, `sub.${domain}`, `${domain}.example`, domain.replace(".", "x"), fqdn])
          expect([other, regexpLookup(table, `ceo@${other}`)]).toEqual([other, undefined]);
      expect(regexpLookup(table, "<>")).toBeUndefined();
    });

    test("for all mail is where everything goes that does not stay here", () => {
      const files = outgoingFiles({ ...host.stack, relayDomains: [] });
      expect(files["/etc/postfix/relay_senders"]).toBeUndefined();
      // What is delivered here is decided before that; what is sent on comes back to the loopback first.
      expect(postfix.main.virtual_transport).toMatch(/^lmtp:unix:/);
      const [, address] = /^srs:\[(.+)\]:\d+$/.exec(
        regexpLookup(host.text("/etc/postfix/foreign_senders"), "friend@elsewhere.example")!,
      )!;
      expect(isLoopback(address!)).toBe(true);
    });
  },
);

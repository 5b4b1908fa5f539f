import { isLoopback, onEveryHost } from "./support/hosts";
import { listOf, listens, postfixOf, type MasterService, type Postfix } from "./support/postfix";

/** Lets in whoever is asked about, whatever comes behind it. */
const permits = /^(permit|permit_mynetworks|permit_sasl_authenticated)$/;

/** What a stranger who is neither of these networks nor logged in meets first in a list of restrictions. */
function verdictForStranger(restrictions: string): "refused" | "let in" | "undecided" {
  for (const word of listOf(restrictions)) {
    if (word === "reject" || word === "defer" || word === "reject_unauth_destination") return "refused";
    if (word === "permit_mynetworks" || word === "permit_sasl_authenticated") continue;
    if (/^permit/.test(word)) return "let in";
    // A table may say OK to anybody.
    if (/^(check_|texthash:|hash:|regexp:|pcre:|sqlite:|inline:|static:)/.test(word)) return "let in";
  }
  return "undecided";
}

const smtpdOf = (postfix: Postfix) => postfix.services.filter(({ command }) => command === "smtpd");
const isOpen = (service: MasterService) => !isLoopback(listens(service).address);
const takesLogins = (postfix: Postfix, service: MasterService) =>
  postfix.of(service, "smtpd_sasl_auth_enable") === "yes";

onEveryHost("Postfix as a relay", (host) => {
  const postfix = postfixOf(host);
  const smtpds = smtpdOf(postfix);

  test("listens to the world on 25, 587 and 465, and else on the loopback only", () => {
    expect(smtpds.filter(isOpen).map((service) => listens(service).port)).toEqual([
      "smtp",
      "submission",
      "submissions",
    ]);
    expect(postfix.main.inet_interfaces).toBe("all");
    expect(smtpds.length).toBeGreaterThan(3);
  });

  test("no server sends on for a stranger", () => {
    for (const service of smtpds)
      expect([service.name, verdictForStranger(postfix.of(service, "smtpd_relay_restrictions"))]).toEqual([
        service.name,
        "refused",
      ]);
  });

  test("only this host itself is a network of ours", () => {
    for (const service of [undefined, ...postfix.services]) {
      const networks = listOf(postfix.of(service, "mynetworks"));
      expect(networks.length).toBeGreaterThan(0);
      expect(networks.filter((network) => !isLoopback(network))).toEqual([]);
    }
    expect(postfix.main).not.toHaveProperty("mynetworks_style");
  });

  test("no other domain is relayed to, and no letter of a name leads to another host", () => {
    for (const name of ["relay_domains", "mydestination", "relayhost", "smtpd_sasl_exceptions_networks"])
      for (const service of [undefined, ...postfix.services])
        expect([name, postfix.of(service, name)]).toEqual([name, ""]);
    expect(postfix.main).toMatchObject({
      allow_percent_hack: "no",
      swap_bangpath: "no",
      resolve_dequoted_address: "no",
    });
    expect(postfix.main.local_transport).toMatch(/^error:5/);
  });

  test("a server takes logins inside TLS only, and then nobody but who has logged in", () => {
    const submission = smtpds.filter((service) => takesLogins(postfix, service));
    expect(submission.map((service) => listens(service).port)).toEqual(["submission", "submissions"]);
    for (const service of submission) {
      expect(postfix.of(service, "smtpd_tls_security_level")).toBe("encrypt");
      for (const name of ["smtpd_client_restrictions", "smtpd_relay_restrictions"])
        expect(listOf(postfix.of(service, name))).toEqual(["permit_sasl_authenticated", "reject"]);
    }
    for (const service of smtpds) expect(postfix.of(service, "smtpd_tls_auth_only")).toBe("yes");
    const implicit = submission.find((service) => listens(service).port === "submissions")!;
    expect(postfix.of(implicit, "smtpd_tls_wrappermode")).toBe("yes");
  });

  test("who has logged in writes as nobody else", () => {
    for (const service of smtpds.filter((each) => takesLogins(postfix, each))) {
      const words = listOf(postfix.of(service, "smtpd_sender_restrictions"));
      const check = words.findIndex((word) => /^reject_(authenticated_)?sender_login_mismatch$/.test(word));
      expect(check).toBeGreaterThanOrEqual(0);
      expect(words.slice(0, check).filter((word) => permits.test(word))).toEqual([]);
      const [, table] = /^proxy:sqlite:(.*)$/.exec(postfix.of(service, "smtpd_sender_login_maps")) ?? [];
      expect(host.text(table!)).toMatch(/^query = SELECT owner FROM senders WHERE address = '%s'$/m);
    }
  });

  test("each message passes the guard, and waits where that is away", () => {
    const guard = host.files["/etc/systemd/system/mailstack-mail-guard.socket"]!.content;
    const [, address] = /^ListenStream=(127\.0\.0\.1:\d+)$/m.exec(guard) ?? [];
    for (const service of smtpds) {
      const milters = postfix.of(service, "smtpd_milters");
      if (isOpen(service)) expect([service.name, milters]).toEqual([service.name, `inet:${address}`]);
      // The way out of mail that has passed it: nobody but this host comes there, and not from outside.
      else expect(listOf(postfix.of(service, "smtpd_client_restrictions"))).toEqual(["permit_mynetworks", "reject"]);
    }
    for (const service of [undefined, ...postfix.services]) {
      expect(postfix.of(service, "non_smtpd_milters")).toBe(`inet:${address}`);
      expect(postfix.of(service, "milter_default_action")).toBe("tempfail");
    }
    expect(listOf(postfix.main.internal_mail_filter_classes!)).toContain("bounce");
    expect(postfix.services.filter(({ overrides }) => overrides.receive_override_options)).toEqual([]);
  });

  test("only the webmail may say who its client is", () => {
    for (const service of smtpds) {
      const allowed = listOf(postfix.of(service, "smtpd_authorized_xclient_hosts"));
      expect(allowed).toEqual(takesLogins(postfix, service) ? ["127.0.0.2"] : []);
      expect(postfix.of(service, "smtpd_authorized_xforward_hosts")).toBe("");
    }
    expect(host.text("/etc/nftables.d/mailstack.nft")).toMatch(
      host.stack.webmail
        ? /^\s*ip saddr 127\.0\.0\.2 meta skuid != \{ root, roundcube \} reject$/m
        : /^\s*ip saddr 127\.0\.0\.2 meta skuid != \{ root \} reject$/m,
    );
  });

  test("the ports of the rewriter of senders are Postfix's alone", () => {
    const inner = smtpds.filter((service) => !isOpen(service)).map((service) => listens(service).port);
    const tables = Object.values({
      ...postfix.main,
      ...postfix.services.find(({ name }) => name === "forwarded")!.overrides,
    })
      .flatMap((value) => [...value.matchAll(/tcp:(\S+?):(\d+)/g)])
      .map(([, address, port]) => ({ address, port: port! }));
    expect(tables.filter(({ address }) => !isLoopback(address!))).toEqual([]);
    const rewriter = host.text("/etc/systemd/system/postsrsd.service.d/mailstack.conf");
    expect(rewriter).toMatch(/^ExecStart=\S+ .*-l 127\.0\.0\.1( |$)/m);
    const rules = [
      ...host
        .text("/etc/nftables.d/mailstack.nft")
        .matchAll(/oifname "lo" tcp dport \{ (.*?) \} meta skuid != \{ (.*?) \} goto refuse/g),
    ];
    for (const port of [...inner, ...tables.map((table) => table.port)]) {
      const rule = rules.find(([, ports]) => ports!.split(", ").includes(port));
      expect([port, rule?.[2]]).toEqual([port, "root, postfix"]);
    }
  });
});

import { blocksOf, everyDirective, parseBlocks, valuesOf } from "./support/blocks";
import { isLoopback, onEveryHost, onHostsWith } from "./support/hosts";

onEveryHost("Rspamd", (host) => {
  const local = (name: string) => parseBlocks(host.text(`/etc/rspamd/local.d/${name}`));
  const override = (name: string) => parseBlocks(host.text(`/etc/rspamd/override.d/${name}`));
  const one = (directives: ReturnType<typeof local>, name: string) => valuesOf(directives, name)[0]?.join(" ");

  test("listens on the loopback and in its own sockets only", () => {
    const sockets = [...local("worker-proxy.inc"), ...override("worker-controller.inc")].filter(
      ({ words }) => words[0] === "bind_socket",
    );
    expect(sockets.length).toBe(3);
    for (const { words } of sockets) {
      const [address, mode] = words[2]!.split(" ");
      if (address!.startsWith("/")) expect(mode).toBe("mode=0600");
      else expect(isLoopback(address!.replace(/:\d+$/, ""))).toBe(true);
    }
    expect(one(local("worker-normal.inc"), "enabled")).toBe("false");
  });

  test("takes nobody's word at its controller without the password", () => {
    expect(one(override("worker-controller.inc"), "secure_ip")).toBe("[]");
    for (const name of ["password", "enable_password"])
      expect(one(override("controller-password.inc"), name)).toMatch(/^@@secret:[a-z-]+@@$/);
  });

  test("believes this host alone: other private networks are strangers", () => {
    const addresses = (text: string) => text.replace(/[[\]]/g, "").split(/\s+/).filter(Boolean);
    expect(addresses(one(override("options.inc"), "local_addrs")!).filter((ip) => !isLoopback(ip))).toEqual([]);
    const [own] = blocksOf(local("settings.conf"), "host");
    expect(addresses(one(own!.block, "ip")!).filter((ip) => !isLoopback(ip))).toEqual([]);
    const [users] = blocksOf(local("settings.conf"), "users");
    expect(one(users!.block, "authenticated")).toBe("yes");
  });

  test("sets spam aside before it refuses it, and never in between for users' own mail", () => {
    const [greylist, header, reject] = ["greylist", "add_header", "reject"].map((name) =>
      Number(one(local("actions.conf"), name)),
    );
    expect(greylist).toBeLessThan(header!);
    expect(header).toBeLessThan(reject!);
    for (const name of ["users", "host"]) {
      const [settings] = blocksOf(local("settings.conf"), name);
      const actions = everyDirective(settings!.block).find(({ words }) => words[0] === "actions")!.block!;
      expect(Number(one(actions, "reject"))).toBe(reject);
      expect([one(actions, "add header"), one(actions, "greylist")]).toEqual(["null", "null"]);
    }
  });

  test("signs with the key of the domain in From what its own users and this host wrote", () => {
    const signing = local("dkim_signing.conf");
    expect(one(signing, "sign_authenticated")).toBe("true");
    expect(one(signing, "use_domain")).toBe("header");
    expect([one(signing, "try_fallback"), one(signing, "use_esld")]).toEqual(["false", "false"]);
    // The rule about senders decides before; without it a user could have anybody's name signed.
    expect(one(signing, "allow_username_mismatch")).toBe("true");
    const rule = host.text("/etc/rspamd/mailstack.d/senders.lua");
    expect(rule).toMatch(/add_condition\("DKIM_SIGNED", function\(task\)\s+return task:cache_get\(signed\) == true/);
    const [, names] = /^ {2}names = \{ (.*) \},$/m.exec(host.text("/etc/rspamd/mailstack.d/senders-settings"))!;
    for (const domain of host.stack.mailDomains) expect(names).toContain(`"${domain}"`);
  });

  test("does what the sender's domain asks for (DMARC), and seals what it found (ARC)", () => {
    const [actions] = blocksOf(local("dmarc.conf"), "actions");
    expect([one(actions!.block, "quarantine"), one(actions!.block, "reject")]).toEqual(["add_header", "reject"]);
    const arc = local("arc.conf");
    expect([one(arc, "sign_inbound"), one(arc, "sign_authenticated"), one(arc, "sign_local")]).toEqual([
      "true",
      "false",
      "false",
    ]);
  });

  test("takes out what strangers write in a filter's name", () => {
    const removed = everyDirective(local("milter_headers.conf")).find(({ words }) => words[0] === "headers")!.block!;
    const names = removed.map(({ words }) => words[0]);
    expect(names).toEqual(expect.arrayContaining(["X-Spam-Flag", "X-Spam-Score", "X-Spamd-Result"]));
    const junk = host.text("/etc/dovecot/sieve/spam-to-junk.sieve");
    expect(junk).toMatch(/if header :contains "X-Spam" "Yes" \{\s+fileinto :create "Junk";/);
  });

  test("counts each user's recipients, and asks a resolver of its own", () => {
    expect(host.text("/etc/rspamd/mailstack.d/recipients-settings")).toMatch(
      new RegExp(`^ {2}per_hour = ${host.stack.userRecipientsPerHour},$`, "m"),
    );
    const [dns] = blocksOf(local("options.inc"), "dns");
    expect(one(dns!.block, "nameserver")).toBe("[ 127.0.0.1 ]");
  });
});

onHostsWith(
  ({ clamav }) => clamav,
  "the virus scanner",
  (host) => {
    test("refuses a virus, sees whole messages as large as they may be, and puts off what it did not see", () => {
      const [scanner] = blocksOf(parseBlocks(host.text("/etc/rspamd/local.d/antivirus.conf")), "clamav");
      const value = (name: string) => valuesOf(scanner!.block, name)[0]?.join(" ");
      expect([value("action"), value("scan_mime_parts"), value("type")]).toEqual(["reject", "false", "clamav"]);
      const daemon = host.text("/etc/clamav/clamd.conf");
      expect(daemon).toMatch(`LocalSocket ${value("servers")}\n`);
      expect(daemon).not.toMatch(/^TCPSocket/m);
      expect(Number(/^StreamMaxLength (\d+)M$/m.exec(daemon)![1])).toBeGreaterThan(host.stack.messageSizeLimitMb);
      const options = parseBlocks(host.text("/etc/rspamd/local.d/options.inc"));
      expect(valuesOf(options, "soft_reject_on_timeout")).toEqual([["true"]]);
    });
  },
);

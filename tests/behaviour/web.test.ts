import { blocksOf, everyDirective, parseBlocks, valuesOf } from "./support/blocks";
import { onEveryHost, onHostsWith } from "./support/hosts";
import { headersOf, isTls, nginxOf } from "./support/nginx";
import { parsePhp } from "./support/php";
import { parseIni } from "./support/units";

onEveryHost("nginx", (host) => {
  const { servers, top } = nginxOf(host);
  const named = servers.filter((server) => valuesOf(server, "server_name").length > 0);
  const sites = named.filter(isTls);

  test("speaks no TLS below 1.2, wherever a site may say otherwise", () => {
    const protocols = everyDirective(top).filter(({ words }) => words[0] === "ssl_protocols");
    expect(protocols.length).toBeGreaterThan(0);
    for (const { words } of protocols)
      expect(words.slice(1).filter((version) => !["TLSv1.2", "TLSv1.3"].includes(version))).toEqual([]);
    for (const server of servers.filter(isTls)) expect(valuesOf(server, "ssl_protocols").length).toBe(1);
    for (const { words } of everyDirective(top).filter((each) => each.words[0] === "ssl_ciphers"))
      expect(words[1]).not.toMatch(/NULL|RC4|3DES|MD5|EXPORT/);
  });

  test("without TLS gives out proofs for the certificate, and else the way to TLS", () => {
    const plain = named.filter((server) => !isTls(server));
    expect(plain).toHaveLength(1);
    const locations = blocksOf(plain[0]!, "location");
    expect(locations.map(({ words }) => words.slice(1).join(" "))).toEqual(["/.well-known/acme-challenge/", "/"]);
    expect(valuesOf(locations[1]!.block, "return")).toEqual([["301", "https://$host$request_uri"]]);
    expect(valuesOf(plain[0]!, "server_name").flat().sort()).toEqual([...host.stack.siteNames].sort());
  });

  test("has a site for each name of the certificate, and ends the handshake for others", () => {
    expect(sites.flatMap((server) => valuesOf(server, "server_name").flat()).sort()).toEqual(
      [...host.stack.siteNames].sort(),
    );
    const nameless = servers.filter((server) => isTls(server) && valuesOf(server, "server_name").length === 0);
    expect(nameless.map((server) => valuesOf(server, "ssl_reject_handshake"))).toEqual([[["on"]]]);
  });

  test("every answer tells browsers to stay with TLS, and what a page may load", () => {
    for (const server of sites)
      for (const location of [server, ...blocksOf(server, "location").map(({ block }) => block)]) {
        const headers = headersOf(server, location);
        expect(Number(/max-age=(\d+)/.exec(headers["strict-transport-security"] ?? "")?.[1])).toBeGreaterThan(
          15_000_000,
        );
        expect(headers["x-content-type-options"]).toBe("nosniff");
        expect(headers).toHaveProperty("content-security-policy");
        expect(headers["referrer-policy"]).toBe("same-origin");
      }
  });

  test("gives out no other file: what no site names is not found", () => {
    for (const server of sites) {
      const rest = blocksOf(server, "location").find(({ words }) => words[1] === "/" && words.length === 2);
      expect(valuesOf(rest?.block ?? server, "return")).toEqual([["404"]]);
      expect(everyDirective(server).filter(({ words }) => words[0] === "autoindex")).toEqual([]);
      expect(valuesOf(server, "server_tokens")).toEqual([["off"]]);
    }
  });
});

onHostsWith(
  ({ webmail }) => webmail,
  "the webmail",
  (host) => {
    const config = parsePhp(host.text("/etc/roundcube/config.inc.php"));
    const site = `webmail.${host.stack.domain}`;

    test("talks to the mail server inside TLS, with its name and certificate checked, from an address of its own", () => {
      expect(config.imap_host).toMatch(/^ssl:\/\//);
      for (const name of ["smtp_host", "managesieve_host"]) expect(config[name]).toMatch(/^(ssl|tls):\/\//);
      for (const name of ["imap", "smtp", "managesieve"])
        expect(config[`${name}_conn_options`]).toEqual({
          socket: { bindto: "127.0.0.2:0" },
          ssl: { peer_name: host.stack.fqdn, verify_peer: true, verify_peer_name: true },
        });
    });

    test("hides what it keeps, and trusts the name of its site only", () => {
      expect(config.des_key).toBe("@@secret:roundcube-des-key@@");
      expect(config.db_dsnw).toMatch(/^sqlite:\/\/\/\/var\/lib\/mailstack-webmail\/.*mode=0600$/);
      const [pattern, ...others] = config.trusted_host_patterns as string[];
      expect(others).toEqual([]);
      const trusts = (name: string) => new RegExp(pattern!).test(name);
      expect([site, `x${site}`, site.replace(".", "x"), `${site}.elsewhere.example`].filter(trusts)).toEqual([site]);
      expect(config).toMatchObject({ use_https: true, enable_spellcheck: false, cipher_method: "AES-256-CBC" });
    });

    test("asks for the old password before a new one, and the host decides about that", () => {
      expect(config).toMatchObject({ password_driver: "poppassd", password_confirm_current: true });
      const socket = host.text("/etc/systemd/system/mailstack-password.socket");
      expect(socket).toContain(`\nListenStream=${String(config.password_pop_host).replace("unix://", "")}\n`);
      expect(Number(config.password_minimum_length)).toBeGreaterThanOrEqual(12);
    });

    test("gives out its program and what pages are made of, and lets a client log in ten times a minute", () => {
      const server = nginxOf(host).servers.find(
        (each) => isTls(each) && valuesOf(each, "server_name").flat().includes(site),
      )!;
      const [styles] = blocksOf(server, "location").filter(({ words }) => words[1] === "~");
      const reaches = (path: string) => new RegExp(styles!.words[2]!).test(path);
      expect(["/skins/elastic/styles.css", "/program/js/app.min.js"].filter(reaches)).toHaveLength(2);
      expect(
        ["/config/config.inc.php", "/logs/errors.log", "/SQL/sqlite.sql", "/plugins/x/config.inc.php"].filter(reaches),
      ).toEqual([]);
      expect(valuesOf(server, "limit_req")[0]![0]).toBe("zone=mailstack_login_clients");
      const [zone] = everyDirective(nginxOf(host).top).filter(({ words }) =>
        words.includes("zone=mailstack_login_clients:1m"),
      );
      expect(zone!.words).toContain("rate=10r/m");
    });

    test("is run by a user of its own, whom no other site reaches", () => {
      const pools = parseIni(host.text(`/etc/php/${host.stack.system.phpVersion}/fpm/pool.d/mailstack-webmail.conf`));
      const listed = Object.entries(pools).filter(([name]) => name !== "");
      expect(listed.length).toBe(2);
      for (const [, pool] of listed) {
        expect([pool.user, pool.group]).toEqual([["roundcube"], ["roundcube"]]);
        expect([pool["listen.owner"], pool["listen.mode"]]).toEqual([["mailstack-webmail"], ["0600"]]);
        const off = pool["php_admin_value[disable_functions]"]![0]!.split(",");
        expect(off).toEqual(expect.arrayContaining(["exec", "passthru", "popen", "proc_open", "shell_exec", "system"]));
        expect(pool["php_admin_flag[display_errors]"]).toEqual(["off"]);
      }
      const gateway = everyDirective(parseBlocks(host.text("/etc/nginx/mailstack/webmail-gateway.conf")));
      expect(gateway.filter(({ words }) => words[0] === "listen").map(({ words }) => words[1])).toEqual([
        "unix:/run/mailstack-webmail/http.sock",
      ]);
      expect(host.text("/etc/tmpfiles.d/mailstack-webmail.conf")).toMatch(
        /^d \/run\/mailstack-webmail 0710 mailstack-webmail www-data/m,
      );
    });
  },
);

onHostsWith(
  ({ mtaSts }) => mtaSts !== "none",
  "the policy of MTA-STS",
  (host) => {
    test("names the host, and is at the name of each domain", () => {
      const lines = host.text("/var/www/mailstack-mta-sts/mta-sts.txt").trim().split("\n");
      expect(lines.slice(0, 2)).toEqual(["version: STSv1", `mode: ${host.stack.mtaSts}`]);
      expect(lines.filter((line) => line.startsWith("mx: "))).toEqual([`mx: ${host.stack.fqdn}`]);
      expect(Number(/^max_age: (\d+)$/.exec(lines.at(-1)!)?.[1])).toBeGreaterThanOrEqual(86_400);
      const names = host.stack.mailDomains.map((domain) => `mta-sts.${domain}`);
      const server = nginxOf(host).servers.find(
        (each) => isTls(each) && valuesOf(each, "server_name").flat().includes(names[0]!),
      )!;
      expect(valuesOf(server, "server_name").flat()).toEqual(names);
      const [policy] = blocksOf(server, "location").filter(({ words }) => words[2] === "/.well-known/mta-sts.txt");
      expect(valuesOf(policy!.block, "alias")).toEqual([["/var/www/mailstack-mta-sts/mta-sts.txt"]]);
    });
  },
);

onHostsWith(
  ({ autoconfiguration }) => autoconfiguration,
  "what mail programs are told",
  (host) => {
    test("is this host, by TLS, on ports that are open", () => {
      const text = host.text("/var/www/mailstack-autoconfig/config-v1.1.xml");
      const all = (tag: string) =>
        [...text.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, "g"))].map(([, value]) => value);
      expect(new Set(all("hostname"))).toEqual(new Set([host.stack.fqdn]));
      expect(all("socketType").map((kind, index) => [all("port")[index], kind])).toEqual([
        ["993", "SSL"],
        ["995", "SSL"],
        ["465", "SSL"],
        ["587", "STARTTLS"],
      ]);
      expect(all("domain")).toEqual(host.stack.mailDomains);
    });
  },
);

import { onEveryHost } from "./support/hosts";

/** Bits of a mode. */
const bits = (mode: string) => parseInt(mode, 8);

onEveryHost("files", (host) => {
  const files = Object.entries(host.files);

  test("nobody but root changes them", () => {
    for (const [path, { owner, mode }] of files) {
      // Redis's package gives Redis its own.
      expect([path, owner.split(":")[0]]).toEqual([path, path === "/etc/redis/redis.conf" ? "redis" : "root"]);
      expect([path, bits(mode) & 0o6022]).toEqual([path, 0]);
    }
  });

  test("what holds a secret, or a way to one, is not everybody's to read", () => {
    const hidden = files.filter(([, { content }]) => content.includes("@@secret:"));
    expect(hidden.length).toBeGreaterThan(0);
    for (const path of ["/etc/redis/redis.conf", "/etc/sudoers.d/mailstack"]) hidden.push([path, host.files[path]!]);
    for (const [path, { mode }] of hidden) expect([path, bits(mode) & 0o007]).toEqual([path, 0]);
  });

  test("no key, password or token stands in them", () => {
    for (const [path, { content }] of files) {
      expect([path, /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(content)]).toEqual([path, false]);
      expect([path, /\$(6|y|2[aby])\$[^\s"']{20}/.test(content)]).toEqual([path, false]);
    }
  });

  test("mail and the accounts are their owners' alone", () => {
    const directories = Object.assign({}, ...host.bundles.map((bundle) => bundle.directories)) as NonNullable<
      (typeof host.bundles)[number]["directories"]
    >;
    expect(directories["/var/vmail"]).toEqual({ owner: "vmail:vmail", mode: "0700" });
    expect(directories["/var/lib/mailserver"]!.owner).toBe("root:mailauth");
    // Sticky: who reads the database cannot put another one in its place.
    expect(bits(directories["/var/lib/mailserver"]!.mode) & 0o1007).toBe(0o1000);
    for (const [path, { mode }] of Object.entries(directories))
      if (!path.startsWith("/etc/") && !path.startsWith("/var/www/"))
        expect([path, bits(mode) & 0o002]).toEqual([path, 0]);
  });

  test("no command line of a bundle has a secret", () => {
    for (const bundle of host.bundles) {
      expect(JSON.stringify({ ...bundle, files: {} })).not.toContain("@@secret:");
    }
  });
});

onEveryHost("Redis", (host) => {
  test("has no port, and a socket for its group only", () => {
    const settings = new Map(
      host
        .text("/etc/redis/redis.conf")
        .split("\n")
        .filter((line) => /^[a-z]/.test(line))
        .map((line) => [line.split(" ")[0]!, line.slice(line.indexOf(" ") + 1)]),
    );
    expect(settings.get("port")).toBe("0");
    expect(settings.has("bind")).toBe(false);
    expect(settings.get("unixsocket")).toMatch(/^\/run\/redis/);
    expect(bits(settings.get("unixsocketperm")!) & 0o007).toBe(0);
    expect(settings.get("maxmemory-policy")).toBe("volatile-lru");
  });
});

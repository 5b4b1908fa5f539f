import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cloudEnvironment, cloudStatus, startCloud, stopCloud } from "../../local-cloud/cloud/lifecycle";
import { freePort } from "../../local-cloud/cloud/network";
import { addresses, type PacketFilter } from "../../local-cloud/contracts";
import { BootedHosts } from "../../local-cloud/hosts";
import { ensureImage } from "../../local-cloud/images";
import { runFolder, stateFolder } from "../../local-cloud/places";
import { Guest, localAnchor, runInCloud, strangeAnchor } from "./substrate/guest";

const cloud = "substrate";
/** Less than a Linode's, so that a test can fill it quickly. */
const memoryMiB = 512;
const log = (line: string) => console.error(line);

const systems = [
  { image: "debian12", address: "198.51.100.201", address6: "2001:db8::201", version: "12" },
  { image: "debian13", address: "198.51.100.202", address6: "2001:db8::202", version: "13" },
];

/** The resolver as the project's own configuration has it. */
const unbound = `server:
    root-hints: /usr/share/dns/root.hints
    do-not-query-localhost: no
`;

test("a port that another program has is passed by", async () => {
  const host = "127.0.77.1";
  const usual = await freePort(host);
  const other = createServer().listen(usual, host);
  await once(other, "listening");
  try {
    assert.equal(await freePort(host), usual + 1);
  } finally {
    other.close();
  }
});

describe("the substrate of the local cloud", () => {
  const hosts = new BootedHosts(cloud, log);
  const guests = systems.map(
    ({ image, address, address6 }) =>
      new Guest(cloud, {
        name: `linode-${image}`,
        image,
        address,
        address6,
        memoryMiB,
        userData: { runcmd: [["touch", "/root/user-data-ran"]] },
      }),
  );
  const [first, second] = guests as [Guest, Guest];

  before(async () => {
    await stopCloud(cloud, { purge: true });
    await startCloud(cloud, log);
  });
  after(async () => {
    for (const guest of guests) guest.forget();
    await stopCloud(cloud, { purge: true });
  });

  test("a second start changes nothing", async () => {
    const before = cloudStatus(cloud);
    assert.equal(before.running, true);
    await startCloud(cloud, log);
    assert.deepEqual(cloudStatus(cloud), before);
  });

  for (const [index, { image, version }] of systems.entries()) {
    const guest = guests[index]!;
    describe(image, () => {
      test("boots, and cloud-init does what the user data says", async () => {
        await hosts.boot(guest.spec);
        assert.match(await guest.untilReady(), /status: done/);
        assert.match(await guest.must("cat /etc/debian_version"), new RegExp(`^${version}\\.`));
        await guest.must("test -e /root/user-data-ran");
        assert.equal(await guest.must("hostname"), guest.spec.hostname.split(".")[0]);
      });

      test("has no failed unit", async () => {
        assert.equal(await guest.must("systemctl list-units --failed --plain --no-legend"), "");
      });

      test("installs packages through the apt cache", async () => {
        await guest.must(
          "apt-get update && apt-get install -y -q unbound dns-root-data dnsutils netcat-openbsd curl iputils-ping",
        );
      });

      test("its validating resolver believes the local root, and only what is signed below it", async () => {
        await guest.must(
          `cat > /etc/unbound/unbound.conf.d/substrate.conf <<'END'\n${unbound}END\nsystemctl restart unbound`,
        );
        const ask = (question: string) => guest.must(`dig @127.0.0.1 +dnssec +noall +comments +answer ${question}`);
        for (const zone of ["co.ke", "ementech.co.ke"]) {
          const signed = await ask(`${zone} SOA`);
          assert.match(signed, /status: NOERROR/);
          assert.match(signed, /flags:[^;]* ad[ ;]/, "validated");
        }
        // Not every zone is signed; the one above proves that.
        const leaf = await ask("linode.com SOA");
        assert.match(leaf, /status: NOERROR/);
        assert.doesNotMatch(leaf, /flags:[^;]* ad[ ;]/);
        for (const address of [addresses.gateway, addresses.gateway6])
          assert.match(await ask(`-x ${address}`), /status: NXDOMAIN/);
        for (const address of [addresses.peer, addresses.peer6])
          assert.match(await ask(`-x ${address}`), /PTR\s+mail\.peer\.example\./);
      });

      test("reaches nothing of the internet", async () => {
        for (const address of ["1.1.1.1", "9.9.9.9"])
          assert.notEqual((await guest.ssh(`nc -z -w 2 ${address} 443`)).exitCode, 0, address);
        const proxied = await guest.ssh(
          `curl -sS -m 20 -o /dev/null -w '%{http_code}' -x http://${addresses.aptProxy}:3142 http://pypi.org/`,
        );
        // The cache's own refusal: an answer of another kind would be the site's.
        assert.equal(proxied.stdout, "403", "the apt cache is no way to other sites");
      });

      // The kernel's list of swap files has those of all systems of the machine.
      const swap = `/swap-${cloud}-${image}`;
      test("swap can be turned on, and is gone after a power-off", async () => {
        await guest.must(
          `fallocate -l 16M ${swap} && chmod 600 ${swap} && mkswap ${swap} && swapon ${swap} && grep ${swap} /proc/swaps`,
        );
        await hosts.powerOff(guest.spec.name);
        assert.equal(await hosts.isRunning(guest.spec.name), false);
        assert.notEqual((await guest.ssh("true")).exitCode, 0);
        // A machine that is off says nothing, not even that there is no listener.
        for (const address of [guest.spec.address, guest.spec.address6!]) {
          const ask = `import socket; socket.create_connection(("${address}", 22), 2)`;
          assert.match((await runInCloud(cloud, ["python3", "-c", ask])).stderr, /TimeoutError/);
        }
        await hosts.boot(guest.spec);
        await guest.untilReady();
        await guest.must(`test -e ${swap} && ! grep ${swap} /proc/swaps`);
      });

      test("reboots, by its own hand and from outside", async () => {
        const boots = async () =>
          guest.must(
            "cat /proc/sys/kernel/random/boot_id; systemctl show -P KernelTimestampMonotonic; stat -c %Y /run/systemd/system",
          );
        const started = await boots();
        await guest.ssh("sleep 1; systemctl reboot");
        await new Promise((resolve) => setTimeout(resolve, 3000));
        await guest.untilReady();
        const again = await boots();
        assert.notEqual(again, started);
        await hosts.reboot(guest.spec.name);
        await guest.untilReady();
        assert.notEqual(await boots(), again);
      });

      test("has no more memory than its plan", async () => {
        const fill = (mebibytes: number) =>
          guest.ssh(`python3 -c 'b = bytearray(${mebibytes} << 20); print(len(b) >> 20)' || echo $?`);
        assert.equal((await fill(memoryMiB / 4)).stdout, String(memoryMiB / 4));
        // It may swap as much again, if the machine has swap.
        assert.equal((await fill(memoryMiB * 3)).stdout, "137", "killed for want of memory");
        await guest.must("true");
      });
    });
  }

  describe("the packet filter", () => {
    const closed: PacketFilter = { inbound: [], inboundPolicy: "DROP", outbound: [], outboundPolicy: "ACCEPT" };
    const open = (ports: string, ipv4 = ["0.0.0.0/0"]): PacketFilter => ({
      ...closed,
      inbound: [{ action: "ACCEPT", protocol: "TCP", ports, ipv4, ipv6: ["::/0"] }],
    });
    const reaches = async (from: Guest, to: string, port: number) =>
      (await from.ssh(`nc -z -w 2 ${to} ${port}`)).exitCode === 0;
    const filter = (rules: PacketFilter | undefined) => hosts.filter(first.spec.name, rules);
    after(() => filter(undefined));

    test("without rules everything passes", async () => {
      await first.must("systemd-run --quiet --unit=listener nc -lk 8080");
      assert.equal(await reaches(second, first.spec.address, 8080), true);
    });

    test("blocks the runner and other hosts, and leaves open connections alone", async () => {
      await filter(open("22"));
      assert.equal(await reaches(second, first.spec.address, 8080), false);
      await first.must(`nc -z -w 2 ${second.spec.address} 22`);
      await filter(closed);
      assert.equal((await first.ssh("true")).exitCode, 255);
      await filter(open("22, 8000-8090"));
      assert.equal(await reaches(second, first.spec.address, 8080), true);
    });

    test("knows networks, protocols and the outbound direction", async () => {
      await filter(open("8080", ["203.0.113.0/24", `${second.spec.address}/32`]));
      assert.equal(await reaches(second, first.spec.address, 8080), true);
      assert.equal((await first.ssh("true")).exitCode, 255, "the runner has another address");
      const ping = () => second.ssh(`ping -c1 -W1 ${first.spec.address}`);
      assert.notEqual((await ping()).exitCode, 0);
      const icmp = { action: "ACCEPT", protocol: "ICMP", ipv4: ["0.0.0.0/0"], ipv6: ["::/0"] } as const;
      await filter({
        ...closed,
        inbound: [...open("22").inbound, { ...icmp, ipv4: [...icmp.ipv4], ipv6: [...icmp.ipv6] }],
      });
      assert.equal((await ping()).exitCode, 0);
      await filter({ ...open("22"), outboundPolicy: "DROP" });
      assert.equal(await reaches(first, second.spec.address, 22), false);
    });

    test("IPv6 is filtered like IPv4, but for what it runs on", async () => {
      const { address, address6 } = first.spec;
      await filter(open("22"));
      assert.equal(await reaches(second, address6!, 22), true);
      await filter(open("8080"));
      assert.equal(await reaches(second, address6!, 22), false);
      const rule = { action: "ACCEPT", protocol: "TCP", ports: "22" } as const;
      await filter({ ...closed, inbound: [{ ...rule, ipv4: [], ipv6: [`${second.spec.address6}/128`] }] });
      assert.equal(await reaches(second, address6!, 22), true);
      assert.equal(await reaches(second, address, 22), false);
    });

    test("the host cannot lift it", async () => {
      await filter(open("22"));
      await first.ssh("ip addr add 198.51.100.203/24 dev host0; ip link set host0 address 02:00:00:00:00:01");
      assert.equal(await reaches(second, first.spec.address, 8080), false);
    });
  });

  test("the uplink leads to the apt cache alone", async () => {
    const { settings } = cloudStatus(cloud);
    const server = createServer((socket) => socket.end("HTTP/1.0 200 OK\r\n\r\nleak"));
    await new Promise<void>((resolve) => server.listen(0, settings!.aptCacheAddress, resolve));
    const port = (server.address() as { port: number }).port;
    const reach = (to: string, toPort: number) =>
      runInCloud(cloud, ["curl", "-sS", "-m", "3", `http://${to}:${toPort}/`]);
    assert.notEqual((await reach(settings!.aptCacheAddress, port)).exitCode, 0);
    assert.match((await reach(settings!.aptCacheAddress, settings!.aptCachePort)).stdout, /apt-cacher/i);
    server.close();
    assert.notEqual((await runInCloud(cloud, ["curl", "-sS", "-m", "3", "http://1.1.1.1/"])).exitCode, 0);
  });

  test("the chain of signatures holds up to the root key of the images, and to no other", async () => {
    const image = await ensureImage("debian12", log);
    const delv = async (anchor: string) => {
      const file = join(runFolder(cloud), "anchor");
      writeFileSync(file, `trust-anchors { "." static-key 257 3 13 "${anchor}"; };\n`);
      const { stdout, stderr } = await runInCloud(cloud, [
        "delv",
        `@${addresses.dns}`,
        "-a",
        file,
        "+root",
        "in-addr.arpa",
        "SOA",
      ]);
      return stdout + stderr;
    };
    assert.match(await delv(localAnchor(image)), /fully validated/);
    assert.doesNotMatch(await delv(strangeAnchor()), /fully validated/);
  });

  test("the DNS takes many changes at the same time", async () => {
    const program = join(__dirname, "substrate/many-records.ts");
    const key = readFileSync(join(stateFolder(cloud), "dns/api-key"), "utf8");
    const command = [process.execPath, "--conditions=import", "--import", "tsx", program, cloud];
    const { exitCode, stdout, stderr } = await runInCloud(cloud, command, key);
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { made: 100, left: 0 });
  });

  test("the emulated services answer by their real names, with certificates that a client in the cloud trusts", async () => {
    for (const [url, status] of [
      ["https://api.linode.com/v4/regions", "200"],
      ["https://api.cloudflare.com/client/v4/zones", "400|403"],
      ["https://acme-v02.api.letsencrypt.org/directory", "200"],
    ]) {
      const settings = Object.entries(cloudEnvironment(cloud)).map(([key, value]) => `${key}=${value}`);
      const command = ["env", ...settings, "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", url!];
      const { stdout, stderr } = await runInCloud(cloud, command);
      assert.match(stdout, new RegExp(`^(${status})$`), `${url}: ${stderr}`);
    }
  });

  test("a removed host leaves nothing", async () => {
    await hosts.remove(second.spec.name);
    assert.equal(await hosts.isRunning(second.spec.name), false);
    assert.notEqual((await first.ssh(`ping -c1 -W1 ${second.spec.address}`)).exitCode, 0);
    assert.deepEqual(existsSync(join(stateFolder(cloud), "hosts", second.spec.name)), false);
  });
});

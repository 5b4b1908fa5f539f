import type { Server } from "./servers";

/** What became of those who connect and say nothing, and of one who means it. */
export interface Crowd {
  /** How many of the silent ones are connected, by port. */
  held: Record<string, number>;
  /** Seconds until the other one was served, by port; a text: why it was not. */
  served: Record<string, number | string>;
}

/**
 * Opens COUNT connections that say nothing to each port, from addresses that go round through the sources; then one
 * client after the other, from this machine's own address, begins to talk. The sources are networks of IPv6 whose
 * addresses nobody has; the namespace of the cloud is the router of the hosts, so that answers come here.
 */
const script = `
import json, socket, ssl, subprocess, sys, time
job = json.load(sys.stdin)
IPV6_FREEBIND = 78
anything = ssl._create_unverified_context()
for network in job["networks"]:
    subprocess.run(["ip", "-6", "route", "replace", "local", network + "::/64", "dev", "lo"], check=True)
crowd = {}
for port in job["ports"]:
    crowd[port] = []
    for number in range(job["count"]):
        one = socket.socket(socket.AF_INET6)
        one.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        network = job["networks"][number % len(job["networks"])]
        one.bind((f"{network}:{number % job['addresses'] + 1:x}::1", 0))
        one.setblocking(False)
        one.connect_ex((job["host6"], port))
        crowd[port].append(one)
# All of them are answered, with a connection or a refusal, before the next step.
def state(one):
    if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR): return "refused"
    try: one.getpeername()
    except OSError: return "asking"
    return "held"
states = {port: ["asking"] * job["count"] for port in crowd}
end = time.monotonic() + 120
while any("asking" in each for each in states.values()) and time.monotonic() < end:
    time.sleep(0.2)
    states = {port: [known if known == "refused" else state(one) for one, known in zip(crowd[port], states[port])] for port in crowd}
held = {port: each.count("held") for port, each in states.items()}
served = {}
def talk(port):
    raw = socket.create_connection((job["host"], port), job["patience"])
    if port in (465, 993, 995, 443): raw = anything.wrap_socket(raw, server_hostname=job["site"])
    if port == 443:
        raw.sendall(b"GET / HTTP/1.1\\r\\nHost: " + job["site"].encode() + b"\\r\\nConnection: close\\r\\n\\r\\n")
        said = raw.recv(100)
        assert said.startswith(b"HTTP/1.1 200"), said
    elif port == 80:
        raw.sendall(b"GET / HTTP/1.1\\r\\nHost: " + job["site"].encode() + b"\\r\\nConnection: close\\r\\n\\r\\n")
        said = raw.recv(100)
        assert said.startswith(b"HTTP/1.1 301"), said
    else:
        said = raw.recv(500)
        assert said[:3] in (b"220", b"* O", b"+OK") or said.startswith(b'"IMPL'), said
    raw.close()
for port in job["ports"]:
    start = time.monotonic()
    try: talk(port)
    except Exception as error: served[port] = f"{type(error).__name__} {error}"
    else: served[port] = round(time.monotonic() - start, 2)
print(json.dumps({"held": held, "served": served}))
`;

/** How long each port keeps a client waiting while nobody else is there. */
export async function alone(server: Server, ports: number[]): Promise<Record<string, number>> {
  const { served } = await crowd(server, { networks: [], addresses: 1, count: 0, ports });
  for (const [port, seconds] of Object.entries(served))
    if (typeof seconds !== "number") throw new Error(`port ${port}: ${seconds}`);
  return served as Record<string, number>;
}

/** @param networks - The first 64 bits of each, as text. */
export async function crowd(
  server: Server,
  options: { networks: string[]; addresses: number; count: number; ports: number[] },
): Promise<Crowd> {
  const more = { host: server.ipv4, host6: await server.ipv6(), site: `webmail.${server.domain}`, patience: 60 };
  const result = await server.inCloud(["python3", "-c", script], JSON.stringify({ ...options, ...more }), 180_000);
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return JSON.parse(result.stdout) as Crowd;
}

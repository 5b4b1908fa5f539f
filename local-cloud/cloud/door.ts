import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { alone } from "../alone";
import { ControlGroup } from "../hosts/cgroup";
import { runFolder } from "../places";
import type { DoorSettings } from "./door-process";

/** A web page of the cloud that this machine's own browser can reach. */
export interface Door extends DoorSettings {
  /** Network namespace in which `origin` answers. */
  namespace: string;
}

interface OpenDoor extends Door {
  /** The namespace itself: a host that was off has a new one of the same name. */
  namespaceId: number;
  pid: number;
  port: number;
}

/** Looked at first, so that the address is mostly the same. */
const firstPort = 8025;

/**
 * Opens a door at this machine's loopback address; it is closed with the cloud. A door that is open stays as it is.
 * @returns the page's address for a browser of this machine.
 */
export async function openDoor(cloud: string, name: string, door: Door): Promise<string> {
  const folder = runFolder(cloud);
  const lockFile = join(folder, "doors.lock");
  const place = { folder, lockFile, doing: "opening a door", patienceSeconds: 60, progress: () => undefined };
  return alone(place, () => openAlone(cloud, name, door));
}

async function openAlone(cloud: string, name: string, door: Door): Promise<string> {
  const file = join(runFolder(cloud), `door-${name}.json`);
  const namespaceId = statSync(`/run/netns/${door.namespace}`).ino;
  const group = new ControlGroup(`mailstack-${cloud}/doors`);
  const open = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as OpenDoor) : undefined;
  if (open && group.members().includes(open.pid)) {
    const { pid, port, ...same } = open;
    if (JSON.stringify(same) === JSON.stringify({ ...door, namespaceId })) return addressOf(port);
    process.kill(pid);
  }
  group.create();
  const server = await listen();
  const { port } = server.address() as { port: number };
  const pid = await handOver(cloud, group, door, server);
  writeFileSync(file, JSON.stringify({ ...door, namespaceId, pid, port }), { mode: 0o600 });
  return addressOf(port);
}

const addressOf = (port: number) => `http://localhost:${port}/`;

/** The socket is this machine's, so it is made here; the process that serves it lives in the cloud. */
async function listen(): Promise<Server> {
  for (let port = firstPort; port < firstPort + 20; port += 1) {
    const server = createServer();
    const free = await new Promise<boolean>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) =>
        error.code === "EADDRINUSE" ? resolve(false) : reject(error),
      );
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (free) return server;
  }
  throw new Error(`no port from ${firstPort} to ${firstPort + 19} is free on this machine`);
}

async function handOver(cloud: string, group: ControlGroup, door: Door, server: Server): Promise<number> {
  const { namespace, ...settings } = door;
  const node = [process.execPath, "--conditions=import", "--import", "tsx", join(__dirname, "door-process.ts")];
  const log = openSync(join(runFolder(cloud), "doors.log"), "a", 0o600);
  const child = spawn(
    "sh",
    ["-c", `${group.enter}; exec "$@"`, "door", "ip", "netns", "exec", namespace, ...node, JSON.stringify(settings)],
    { detached: true, stdio: ["ignore", log, log, "ipc"], cwd: join(__dirname, "../..") },
  );
  closeSync(log);
  try {
    child.send("listen", server);
    await new Promise<void>((resolve, reject) => {
      child.once("message", () => resolve());
      child.once("exit", (code) => reject(new Error(`the door to ${door.origin} ended with ${code}`)));
    });
  } finally {
    server.close();
    if (child.connected) child.disconnect();
    child.unref();
  }
  if (child.pid === undefined) throw new Error(`the door to ${door.origin} did not start`);
  return child.pid;
}

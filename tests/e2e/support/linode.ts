import { setTimeout as sleep } from "node:timers/promises";
import assert from "node:assert/strict";
import { defaultTokens } from "../../../local-cloud/api";
import type { Server } from "./servers";
import { until } from "./until";

/** What a call needs of a server; there may be none yet. */
type InCloud = Pick<Server, "inCloud" | "trustFile">;

/** One call of Linode's API v4, as the account's owner. The answer, from JSON. */
export async function linode<T>(server: InCloud, method: string, path: string, body = ""): Promise<T> {
  const config = [
    `header = "Authorization: Bearer ${defaultTokens.linode}"`,
    'header = "Content-Type: application/json"',
  ];
  const data = body ? [`data = ${JSON.stringify(body)}`] : [];
  const curl = ["curl", "--silent", "--show-error", "--fail-with-body", "--cacert", server.trustFile];
  const { stdout, exitCode, stderr } = await server.inCloud(
    [...curl, "--request", method, "--config", "-", `https://api.linode.com/v4/${path}`],
    [...config, ...data].join("\n"),
  );
  assert.equal(exitCode, 0, stdout + stderr);
  return JSON.parse(stdout) as T;
}

/** Makes a zone in Linode's DNS manager. */
export function makeZone(server: InCloud, domain: string): Promise<{ id: number }> {
  const zone = { domain, type: "master", soa_email: `admin@${domain}` };
  return linode(server, "POST", "domains", JSON.stringify(zone));
}

/** What every boot has another of. Undefined while nothing runs. */
export async function bootId(server: Server): Promise<string | undefined> {
  try {
    // When init began to run; the kernel's own boot ID is the machine's, in a container.
    return (await server.system.must(["cut", "-d", " ", "-f", "22", "/proc/1/stat"])).trim();
  } catch {
    return undefined;
  }
}

/** The provider's number of the host. */
export async function instanceId(server: Server): Promise<number> {
  const listed = await linode<{ data: { id: number; ipv4: string[] }[] }>(server, "GET", "linode/instances");
  const own = listed.data.find(({ ipv4 }) => ipv4.includes(server.ipv4));
  assert.ok(own, JSON.stringify(listed));
  return own.id;
}

/** Reboots the host by the provider's API, as its console does, and waits until another init runs. */
export async function reboot(server: Server): Promise<void> {
  const before = await bootId(server);
  const id = await instanceId(server);
  await linode(server, "POST", `linode/instances/${id}/reboot`);
  await until("the host boots", async () => ![before, undefined].includes(await bootId(server)), 90);
  await untilStatus(server, id, "running");
}

/** Waits until the provider says so of an instance. */
export async function untilStatus(server: Server, id: number, wanted: string): Promise<void> {
  const status = async () => (await linode<{ status: string }>(server, "GET", `linode/instances/${id}`)).status;
  await until(`the provider says ${wanted}`, async () => (await status()) === wanted, 60);
}

/** Waits until `mailstack status` finds everything well. */
export async function untilWell(server: Server, seconds = 120): Promise<void> {
  let said = "nothing";
  const well = async () => {
    const status = await server.system.exec(["mailstack", "status"]);
    said = status.stdout + status.stderr;
    // Its check over IPv6 comes from an address of the world's: more than 30 a minute are refused (main.cf).
    if (status.exitCode !== 0) await sleep(2500);
    return status.exitCode === 0;
  };
  try {
    await until("all is well", well, seconds);
  } catch (error) {
    throw new Error(`all is not well:\n${said}`, { cause: error });
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { apiNames, defaultTokens } from "../api";
import { inCloud, trustFile } from "../cloud/lifecycle";
import { System } from "../peer/system";
import { hostNamespace } from "../places";

/** Seconds that a host may take to boot, on a machine with other work too. */
const bootSeconds = 300;

interface InstanceView {
  id: number;
  label: string;
  status: string;
}

/** Boots each host of the cloud that is off, killed or powered off from inside, and waits until its services run. */
export async function bootHosts(cloud: string, progress: (line: string) => void): Promise<void> {
  const instances = async () => (await linode<{ data: InstanceView[] }>(cloud, "/linode/instances")).data;
  for (const { id, label } of (await instances()).filter(({ status }) => status === "offline")) {
    progress(`booting "${label}", which was off`);
    await linode(cloud, `/linode/instances/${id}/boot`, ["--request", "POST", "--json", "{}"]);
    const system = new System(hostNamespace(cloud, `linode-${id}`));
    for (const end = Date.now() + bootSeconds * 1000; !(await isUp(system)); await sleep(500))
      if (Date.now() > end) throw new Error(`"${label}" did not boot in ${bootSeconds} s`);
  }
}

/** A system with a failed unit is up too: what is wrong with it, `up` and `status` say. */
async function isUp(system: System): Promise<boolean> {
  try {
    const { stdout } = await system.exec(["systemctl", "is-system-running"]);
    return ["running", "degraded"].includes(stdout.trim());
  } catch {
    // Its init does not run yet.
    return false;
  }
}

async function linode<T>(cloud: string, path: string, words: string[] = []): Promise<T> {
  const url = `https://${apiNames.linode}/v4${path}`;
  const how = ["--silent", "--show-error", "--fail-with-body", "--cacert", trustFile(cloud), "--config", "-"];
  const [program, ...rest] = inCloud(cloud, ["curl", ...how, ...words, url]);
  // The token goes through standard input: arguments are for everyone to read.
  const { stdout } = await execa(program!, rest, {
    input: `header = "Authorization: Bearer ${defaultTokens.linode}"\n`,
  });
  return JSON.parse(stdout) as T;
}

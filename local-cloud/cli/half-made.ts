/** What a killed `up` may leave at the emulated Linode API: a thing that was made and that no state knows. */
import { execa } from "execa";
import { apiNames, defaultTokens } from "../api";
import { cloudEnvironment, inCloud } from "../cloud/lifecycle";
import type { Stack } from "./stack";

/** Types whose label the API takes once, and where the API lists them. */
const lists: Record<string, string> = {
  "linode:index/instance:Instance": "/v4/linode/instances",
  "linode:index/firewall:Firewall": "/v4/networking/firewalls",
};

interface Made {
  id: number;
  label: string;
  status?: string;
}

interface StackExport {
  deployment: {
    pending_operations?: { type: string; resource: { type: string; inputs?: { label?: string } } }[];
  };
}

/**
 * Lifts the lock of a killed Pulumi, and removes what it was just making, so that the next `up` can make it. Only for the
 * local cloud: in a real account somebody has to look first.
 */
export async function liftLock(cloud: string, stack: Stack, progress: (line: string) => void): Promise<void> {
  const { deployment } = JSON.parse((await stack.pulumi(["stack", "export"])).stdout) as StackExport;
  const creating = (deployment.pending_operations ?? []).filter(({ type }) => type === "creating");
  for (const { resource } of creating) {
    const list = lists[resource.type];
    const label = resource.inputs?.label;
    if (!list || label === undefined) continue;
    const { data } = JSON.parse(await call(cloud, "GET", list)) as { data: Made[] };
    for (const { id } of data.filter((made) => made.label === label && made.status !== "deleting")) {
      progress(`removing the half-made "${label}"`);
      await call(cloud, "DELETE", `${list}/${id}`);
    }
  }
  await stack.pulumi(["cancel", "--yes"]);
  if (creating.length > 0) await stack.pulumi(["refresh", "--yes", "--skip-preview", "--clear-pending-creates"]);
}

/** The token goes through standard input, not through the arguments. */
async function call(cloud: string, method: string, path: string): Promise<string> {
  const url = `https://${apiNames.linode}${path}`;
  const [program, ...words] = inCloud(cloud, ["curl", "-sS", "--fail", "-X", method, "-K", "-", url]);
  const input = `header = "Authorization: Bearer ${defaultTokens.linode}"\n`;
  return (await execa(program!, words, { input, env: cloudEnvironment(cloud) })).stdout;
}

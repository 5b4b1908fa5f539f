import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { cacheFolder, runFolder, stateFolder } from "../../../local-cloud/places";

/** Everything on this machine that carries a cloud's name: a stopped cloud has none of it. */
export async function traces(cloud: string): Promise<string[]> {
  const name = new RegExp(`(^|[/-])${cloud}([/-]|$)`);
  const listed = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
  const groups = ["memory", "systemd", "unified", "."].flatMap((root) =>
    listed(`/sys/fs/cgroup/${root}`)
      .filter((entry) => entry === `mailstack-${cloud}`)
      .map((entry) => `control group ${root}/${entry}`),
  );
  const namespaces = ["/run/netns", "/etc/netns"].flatMap((folder) =>
    listed(folder)
      .filter((entry) => entry === `ms-${cloud}` || entry.startsWith(`ms-${cloud}-`))
      .map((entry) => join(folder, entry)),
  );
  const lines = (file: string) => readFileSync(file, "utf8").split("\n");
  const mounts = lines("/proc/self/mountinfo").filter((line) => name.test(line.split(" ")[4] ?? ""));
  const swaps = lines("/proc/swaps").filter((line) => line.startsWith(stateFolder(cloud)));
  const loops = listed("/sys/block")
    .map((entry) => `/sys/block/${entry}/loop/backing_file`)
    .filter(existsSync)
    .map((file) => readFileSync(file, "utf8"))
    .filter((backing) => backing.startsWith(`${stateFolder(cloud)}/`));
  const folders = [runFolder(cloud)].filter(existsSync);
  return [...groups, ...namespaces, ...mounts, ...swaps, ...loops, ...folders, ...processesOf(cloud)];
}

/** Processes whose root, namespace or command line belongs to the cloud, found without its control groups. */
function processesOf(cloud: string): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        const mounts = readFileSync(`/proc/${pid}/mountinfo`, "utf8");
        const folders = [`${stateFolder(cloud)}/`, `${join(cacheFolder, "apt", cloud)} `];
        const mine = words.includes(`"cloud":"${cloud}"`) || folders.some((one) => `${words}${mounts}`.includes(one));
        return mine ? [`process ${pid} ${words}`] : [];
      } catch (error) {
        // It ended meanwhile, or is ending and has no files left.
        if (["ENOENT", "ESRCH", "EINVAL"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
        throw error;
      }
    });
}

/** Addresses of this machine's own network namespace. */
export async function machineAddresses(): Promise<string[]> {
  const { stdout } = await execa("ip", ["-json", "address", "show"]);
  const links = JSON.parse(stdout) as { addr_info: { local: string }[] }[];
  return links.flatMap((link) => link.addr_info.map((address) => address.local));
}

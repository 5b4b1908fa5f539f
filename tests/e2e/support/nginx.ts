import type { Server } from "./servers";
import { until } from "./until";

/** Reloads nginx on the host. Until it has ended, a worker from before may take a connection, and knows the old sites. */
export async function reloadNginx(server: Server): Promise<void> {
  const workers = await server.system.must(["pgrep", "-f", "nginx: worker"]);
  await server.system.must(["sh", "-ec", "nginx -t && systemctl reload nginx.service"]);
  const old = workers.trim().split("\n").join(",");
  await until("the old workers end", async () => (await server.system.exec(["ps", "-p", old])).exitCode !== 0);
}

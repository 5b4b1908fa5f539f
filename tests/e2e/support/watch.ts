import type { Server } from "./servers";
import { until } from "./until";

/** Measures that are the machine's around it, in a container, and one that lasts for half an hour. */
export const ofMachine = ["disk use", "inodes", "memory use", "out of memory"];

/** The watch of a host (`mailstack watch`), which the tests otherwise keep quiet. */
export class Watch {
  private constructor(private readonly server: Server) {}

  /** Ends the pause, forgets what was, and looks past the deployment that has just ended. */
  static async awake(server: Server): Promise<Watch> {
    // What it knows of the hour before, when other tests broke the same things, would count as flapping.
    await server.system.must(["rm", "-f", "/var/lib/mailstack/alerts/watch.json"]);
    await server.system.must(["mailstack", "alert", "resume"]);
    const watch = new Watch(server);
    await watch.afterUp();
    // What lasts, such as a disk that is nearly full, is told before the test looks.
    await watch.runs(3);
    return watch;
  }

  /** As if the last command of an `up` had ended some minutes ago. */
  async afterUp(): Promise<void> {
    await this.server.system.must(["touch", "--date=10 minutes ago", "/run/mailstack/lock"]);
  }

  /** The timer's own unit, some more times than each minute. What counts is the number of runs. */
  async runs(count: number): Promise<void> {
    for (let run = 0; run < count; run++)
      await this.server.system.must(["systemctl", "start", "mailstack-watch.service"]);
  }

  /** What people were told and is not over, by `mailstack alert list`. */
  async told(): Promise<{ conditions: { check: string; state: string }[]; failing: Record<string, string> }> {
    const text = await this.server.system.must(["mailstack", "alert", "list", "--json"]);
    const { conditions, ...others } = JSON.parse(text) as Awaited<ReturnType<Watch["told"]>>;
    return { ...others, conditions: conditions.filter(({ check }) => !ofMachine.includes(check)) };
  }

  /** Waits until all that was told is over, and nothing waits for a channel. */
  async calm(): Promise<void> {
    await until("all that was told is over", async () => {
      await this.runs(1);
      const { conditions, failing } = await this.told();
      return conditions.length === 0 && Object.keys(failing).length === 0;
    });
  }

  /** Nothing is told until the next file that wants it. */
  async sleep(): Promise<void> {
    await this.server.system.must(["mailstack", "alert", "pause", "7d"]);
  }
}

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { projectFolder } from "../../local-cloud/cli/stack";
import { stateFolder } from "../../local-cloud/places";

/** A checkout of an earlier commit, in a folder of the cloud's. */
export class EarlierCheckout {
  private constructor(private readonly folder: string) {}

  static async of(ref: string, cloud: string): Promise<EarlierCheckout> {
    // Always the same: the engine's cache keeps what it makes for each folder.
    const folder = join(stateFolder(cloud), "earlier");
    const checkout = new EarlierCheckout(folder);
    await checkout.remove();
    await execa("git", ["worktree", "add", "--detach", folder, ref], { cwd: projectFolder });
    const [lock, theirs] = [projectFolder, folder].map((each) => readFileSync(join(each, "package-lock.json")));
    // The same packages need not be installed anew, unless the folder is on another disk.
    const packages = join(folder, "node_modules");
    const linked =
      lock!.equals(theirs!) &&
      (await execa("cp", ["-al", join(projectFolder, "node_modules"), packages], { reject: false })).exitCode === 0;
    if (!linked) rmSync(packages, { recursive: true, force: true });
    return checkout;
  }

  /** Its own `npm run local`, which installs its own packages. @throws Error with all that it printed. */
  async local(words: string[]): Promise<void> {
    const command = ["scripts/with-node22", "local-cloud/cli/main.ts", ...words];
    const { exitCode, all } = await execa("sh", command, { cwd: this.folder, reject: false, all: true });
    if (exitCode !== 0) throw new Error(`npm run local -- ${words.join(" ")} in ${this.folder}:\n${all}`);
  }

  async remove(): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
    await execa("git", ["worktree", "prune"], { cwd: projectFolder });
  }
}

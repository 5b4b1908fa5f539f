import { randomBytes } from "node:crypto";
import { execa } from "execa";
import { packagesOf } from "../components/deployment/define-service";
import { servicesOf } from "../components/services";
import { stackOf } from "../components/services/stack";
import { parseSettings } from "../components/settings/parse";
import { defaultTokens } from "../local-cloud/api";
import { inCloud, trustFile } from "../local-cloud/cloud/lifecycle";
import { System } from "../local-cloud/peer/system";
import { hostNamespace } from "../local-cloud/places";
import { timed } from "./measure";

/** The plan and the region of Pulumi.local.yaml. */
const plan = { region: "eu-central", type: "g6-standard-1" };

/** An instance without a mail stack, made through the same API as the stack's own. */
export class PlainHost {
  private constructor(
    private readonly cloud: string,
    private readonly id: number,
    readonly address: string,
    readonly system: System,
  ) {}

  /** Resolves when cloud-init is done. */
  static async boot(cloud: string, os: "debian12" | "debian13"): Promise<PlainHost> {
    const made = await callApi(cloud, "POST", "/linode/instances", {
      ...plan,
      image: `linode/${os}`,
      label: `plain-${randomBytes(4).toString("hex")}`,
      root_pass: `Aa1-${randomBytes(16).toString("hex")}`,
    });
    const { id, ipv4 } = JSON.parse(made) as { id: number; ipv4: string[] };
    const system = new System(hostNamespace(cloud, `linode-${id}`));
    for (let tries = 0; (await leaderOf(system)) === undefined; tries += 1) {
      if (tries === 1200) throw new Error(`the plain instance ${id} did not boot in ten minutes`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await system.must(["cloud-init", "status", "--wait"]);
    return new PlainHost(cloud, id, ipv4[0]!, system);
  }

  /**
   * What an administrator without this project would type for the stack's packages.
   * @returns seconds of `apt-get install` alone; the package lists are read before.
   */
  async installPackages(os: "debian12" | "debian13"): Promise<number> {
    const packages = packagesOfStack(os);
    const options = { timeout: 900_000, environment: { DEBIAN_FRONTEND: "noninteractive" } };
    // The host's own daily jobs would hold apt's lock now and then.
    await this.system.must(["systemctl", "stop", "apt-daily.timer", "apt-daily-upgrade.timer"]);
    await this.system.must(["apt-get", "update", "-q"], options);
    const install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", ...packages];
    return (await timed(() => this.system.must(install, options))).seconds;
  }

  async remove(): Promise<void> {
    await callApi(this.cloud, "DELETE", `/linode/instances/${this.id}`);
  }
}

/** All packages of a stack with the default settings. */
function packagesOfStack(os: "debian12" | "debian13"): string[] {
  const administrator = "admin@example.org";
  const values = { domain: "example.org", administrator, users: [{ address: administrator }], dnsProvider: "none", os };
  const stack = stackOf(parseSettings(values), { fqdn: "mail.example.org", formerFqdns: [] });
  return servicesOf(stack).flatMap((spec) => packagesOf(spec, stack));
}

/** The process id of a system's init; undefined while there is none. */
async function leaderOf(system: System): Promise<number | undefined> {
  return system.leader().catch(() => undefined);
}

async function callApi(cloud: string, method: string, path: string, body?: object): Promise<string> {
  const curl = ["curl", "-sS", "--fail-with-body", "--cacert", trustFile(cloud), "-X", method];
  const header = ["-H", `Authorization: Bearer ${defaultTokens.linode}`, "-H", "Content-Type: application/json"];
  const data = body ? ["--data-binary", "@-"] : [];
  const words = [...curl, ...header, ...data, `https://api.linode.com/v4${path}`];
  const [program, ...rest] = inCloud(cloud, words);
  const result = await execa(program!, rest, { input: body ? JSON.stringify(body) : "", reject: false });
  if (result.exitCode !== 0) throw new Error(`${method} ${path}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

import * as cloudflare from "@pulumi/cloudflare";
import * as linode from "@pulumi/linode";
import { MailServer } from "../../../components";
import type { Past } from "../../../components/history/history";
import { parseSettings } from "../../../components/settings/parse";
import { record, type RecordedProgram, type Registration } from "./recorded-program";
import { stackValues } from "./stacks";

/** The registrations of a mail server, with the ways to look at them. */
export class RecordedServer {
  readonly registrations: Registration[];
  private readonly byUrn: Map<string, Registration>;

  constructor(readonly program: RecordedProgram<MailServer>) {
    this.registrations = program.registrations;
    this.byUrn = new Map(this.registrations.map((each) => [each.urn, each]));
  }

  /** The only resource of that name that a provider makes. */
  custom(name: string): Registration {
    const found = this.registrations.filter((each) => each.custom && each.name === name);
    if (found.length !== 1) throw new Error(`${found.length} resources are named ${name}`);
    return found[0]!;
  }

  ofType(type: string): Registration[] {
    return this.registrations.filter((each) => each.type === type);
  }

  /** Every `remote.Command`. */
  get commands(): Registration[] {
    return this.ofType("command:remote:Command");
  }

  /** The components around a resource, outermost first. */
  parents(of: Registration): Registration[] {
    const parent = this.byUrn.get(of.parent);
    return parent ? [...this.parents(parent), parent] : [];
  }

  /**
   * Whether one resource is made only after another: the engine is told of a chain of dependencies from one to the
   * other. A resource also waits for what its parents wait for, and a component for nothing that it contains.
   */
  waitsFor(later: Registration, earlier: Registration): boolean {
    const seen = new Set<string>();
    const search = (urn: string): boolean => {
      if (urn === earlier.urn) return true;
      if (seen.has(urn)) return false;
      seen.add(urn);
      const known = this.byUrn.get(urn);
      return known !== undefined && [...known.dependencies, known.parent].some(search);
    };
    return later.urn !== earlier.urn && search(later.urn);
  }
}

/** The mail server of `Pulumi.prod.yaml`, with other values for some of the settings. */
export async function recordMailServer(
  change: Record<string, unknown> = {},
  options: { preview?: boolean; past?: Past; relayPassword?: string } = {},
): Promise<RecordedServer> {
  const settings = parseSettings({ ...stackValues("prod"), ...change });
  const program = await record(() => {
    const providers = {
      linode: new linode.Provider("linode", { token: "linode-token-for-tests" }),
      cloudflare: new cloudflare.Provider("cloudflare", { apiToken: "cloudflare-token-for-tests" }),
    };
    return new MailServer("mail", {
      settings,
      past: options.past,
      relayPassword: options.relayPassword,
      ...providers,
    });
  }, options);
  return new RecordedServer(program);
}

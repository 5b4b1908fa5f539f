import type { MockResourceArgs, Mocks } from "@pulumi/pulumi/runtime";
import type { RecordedRelease, RecordedResource } from "../../../scripts/recorded-release";
import { answerTo, fakeCloud } from "./fake-cloud";
import { tokens } from "./stacks";

/** The configuration as Pulumi hands it to a program. */
export function configOf({ config }: RecordedRelease): Record<string, string> {
  const texts = Object.entries(config).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return { ...Object.fromEntries(texts), ...tokens } as Record<string, string>;
}

/** Answers as the cloud in which the release runs: what is there keeps its id and its outputs. */
export function cloudOf(release: RecordedRelease): Mocks {
  const anew = fakeCloud(false);
  return {
    newResource: async (args) => {
      const made = await anew.newResource(args);
      const there = find(release, args);
      if (!there) return made;
      return { id: there.id, state: { ...made.state, ...there.outputs, ...joined(made.state, there) } };
    },
    call: ({ token, inputs }) => {
      switch (token) {
        case "pulumi:pulumi:readStackOutputs":
          return { outputs: release.outputs };
        case "cloudflare:index/getZone:getZone":
          return { name: release.config["mailstack:domain"] };
        case "linode:index/getFirewall:getFirewall": {
          const instance = release.resources.find(({ type }) => type === "linode:index/instance:Instance");
          return { devices: [{ id: 42, type: "linode", entityId: Number(instance?.id) }] };
        }
        default:
          return answerTo(token, inputs as Record<string, unknown>);
      }
    },
  };
}

function find({ resources }: RecordedRelease, { type, name }: MockResourceArgs): RecordedResource | undefined {
  return resources.find((each) => each.type === type && each.urn.endsWith(`::${name}`));
}

/** A bundle may ask for an output that it did not ask for then. */
function joined(made: Record<string, unknown>, { outputs }: RecordedResource): { stdout?: string } {
  if (typeof made.stdout !== "string" || !made.stdout.startsWith("{")) return {};
  const [now, then] = [made.stdout, String(outputs.stdout || "{}")].map(
    (text) => JSON.parse(text) as { outputs?: Record<string, string> },
  );
  return { stdout: JSON.stringify({ outputs: { ...now?.outputs, ...then?.outputs } }) };
}

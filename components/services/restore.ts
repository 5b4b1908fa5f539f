import type { Bundle, StateItem } from "../deployment/bundle";
import { bundleOf, defineService, type BundleBody, type ServiceSpec } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { hasLogin, isBySsh } from "../settings/backup";
import { backupFolder } from "./backup";
import type { Stack } from "./stack";

/** The part of a stack that is about the repository. */
type RepositoryStack = Pick<
  Stack,
  | "fqdn"
  | "backupRepository"
  | "backupHostKey"
  | "backupEveryHours"
  | "backupMailDays"
  | "backupStateDays"
  | "restoreFrom"
>;

const hasBackups = ({ backupRepository }: Pick<Stack, "backupRepository">) => backupRepository !== "";

/**
 * The repository's address and keys, and the restore: a new host gets the state of its predecessor before any service
 * generates keys or accounts. Mail follows in {@link restoreMail}.
 * @param services - Every service of the host; the `state` of each is restored.
 */
export function restoreStateOf(services: () => readonly ServiceSpec<Stack>[]): ServiceSpec<Stack> {
  return defineService<Stack>({
    name: "restore-state",
    type: "operations:RestoreState",
    enabled: hasBackups,
    packages: ["openssh-client", "restic"],
    render: (stack) => {
      const bundles = services()
        .filter(({ name }) => name !== "restore-state")
        .map((spec) => bundleOf(spec, stack));
      return render(stack, bundles);
    },
    confirm: "restore host state",
  });
}

/** Restores the predecessor's mail, once its folder exists and before a daemon opens it. */
export const restoreMail = defineService({
  name: "restore-mail",
  type: "operations:RestoreMail",
  after: ["restore-state", "accounts"],
  enabled: hasBackups,
  // The confirmation does the work; the bundle changes with what to restore, so that it runs again.
  render: ({ restoreFrom }: Pick<Stack, "backupRepository" | "restoreFrom">): BundleBody => ({
    files: filesFrom("restore-mail", { [`${backupFolder}/mail-from`]: {} }, { restoreFrom }),
  }),
  confirm: "restore host mail",
});

function render(stack: RepositoryStack, bundles: readonly Bundle[]): BundleBody {
  const { backupRepository: repository, backupEveryHours: everyHours } = stack;
  const secret = { owner: "root:root", mode: "0600" };
  const files = (names: string[]) =>
    filesFrom("restore-state", Object.fromEntries(names.map((name) => [`${backupFolder}/${name}`, secret])), {});
  return {
    ...ownersOf(bundles),
    directories: { [backupFolder]: { owner: "root:root", mode: "0700" } },
    files: {
      ...filesFrom(
        "restore-state",
        { [`${backupFolder}/settings.json`]: {} },
        {
          hostname: stack.fqdn,
          mailDays: stack.backupMailDays,
          stateDays: stack.backupStateDays,
          // Two runs may fail before status is BAD.
          lateHours: 2 * everyHours + 1,
          appendOnly: String(repository.startsWith("append-only:")),
          restoreFrom: stack.restoreFrom,
        },
      ),
      [`${backupFolder}/state.json`]: { owner: "root:root", mode: "0644", content: stateOf(bundles) },
      ...files(["repository", "identity", "password", "begins"]),
      ...(isBySsh(repository)
        ? {
            ...files(["ssh-key"]),
            ...filesFrom(
              "restore-state",
              { [`${backupFolder}/known-hosts`]: {} },
              knownHost(repository, stack.backupHostKey),
            ),
          }
        : {}),
      ...(repository === "linode" || hasLogin(repository) ? files(["access-key", "secret-key"]) : {}),
    },
  };
}

/** What to restore, by service: a new host has no manifests yet. */
function stateOf(bundles: readonly Bundle[]): string {
  const state: Record<string, StateItem[]> = Object.fromEntries(
    bundles.flatMap(({ service, state }) => (state ? [[service, state] as const] : [])),
  );
  return `${JSON.stringify(state, undefined, 1)}\n`;
}

/** Owners of restored state that no package creates. Their own services, which come later, declare the same ones. */
function ownersOf(bundles: readonly Bundle[]): Pick<Bundle, "groups" | "users"> {
  const owners = bundles.flatMap(({ state = [] }) => state.map(({ owner }) => owner.split(":")));
  const [users, groups] = [new Set(owners.map(([user]) => user)), new Set(owners.map(([, group]) => group))];
  const pick = <Each>(part: (bundle: Bundle) => Record<string, Each> | undefined, wanted: Set<string | undefined>) =>
    Object.fromEntries(
      bundles.flatMap((bundle) => Object.entries(part(bundle) ?? {}).filter(([name]) => wanted.has(name))),
    );
  return { groups: pick((bundle) => bundle.groups, groups), users: pick((bundle) => bundle.users, users) };
}

/** A line of known_hosts; with another port, the name is in brackets. */
function knownHost(repository: string, hostKey: string): { knownHost: string; hostKey: string } {
  const { hostname, port } = new URL(repository);
  const name = hostname.replace(/^\[|\]$/g, "");
  return { knownHost: port === "" || port === "22" ? name : `[${name}]:${port}`, hostKey };
}

import type { Bundle } from "./bundle";
import { programDigest } from "./program-digest";

/** A TCP port that the world may reach. */
export interface OpenPort {
  /** Label of the rule in both firewalls. */
  name: string;
  port: number;
}

/** Open in both firewalls; the provider's lets only `mailstack:sshAllowedCidrs` reach it. */
export const sshPort: OpenPort = { name: "ssh", port: 22 };

/** Ports on the loopback that believe who connects, because there is no socket file with an owner. */
export interface InnerPorts {
  ports: readonly number[];
  /** Names or numbers of the users who may connect, also ranges. Root always may. */
  users: readonly string[];
}

/** What `render` makes: everything of a bundle that is not derived from its {@link ServiceSpec}. */
export type BundleBody = Omit<Bundle, "service" | "program" | "packages" | "debconf">;

/** A value that is the same for every stack, or follows from the stack. */
export type Derived<Stack, Value extends readonly unknown[]> = Value | ((stack: Stack) => Value);

/**
 * One service of a host, as data: everything else (the package transaction, the firewalls, the order, the golden tests) is
 * derived from the list of these.
 *
 * @typeParam Stack - What a renderer may read; each takes the part of it that it names.
 */
export interface ServiceSpec<Stack> {
  /** Name of its bundle (`mailstack apply NAME`) and, behind the server's name, of its resource. Contract. */
  readonly name: string;
  /** Type token without the project, `folder:Noun`. Contract. */
  readonly type: string;
  /** Services that must be there before this one. Each is in the list, earlier. */
  readonly after?: readonly string[];
  /** Debian packages that its files and programs need. All of a stack's are installed in one transaction. */
  readonly packages?: Derived<Stack, readonly string[]>;
  /** `package question type value` lines for debconf-set-selections(1). */
  readonly debconf?: Derived<Stack, readonly string[]>;
  /** Modules of the host program, as `daemons/mailbox_quota.py`, that its daemons and commands are: see `Bundle.program`. */
  readonly modules?: Derived<Stack, readonly string[]>;
  /** Ports that both firewalls open to the world. */
  readonly ports?: Derived<Stack, readonly OpenPort[]>;
  /** Ports that only some of the host's own users may reach. */
  readonly innerPorts?: readonly InnerPorts[];
  /**
   * Whether the stack has the service. Default: always. A service that is off is applied too: an empty bundle is what takes
   * an earlier one off the host.
   */
  readonly enabled?: (stack: Stack) => boolean;
  /** What the bundle of a service that is off still holds, such as units to stop. Default: nothing. */
  readonly whenOff?: Partial<BundleBody>;
  /** Pure: the same stack always gives the same text. Keys in the order of {@link Bundle}. */
  readonly render: (stack: Stack) => BundleBody;
  /** Resources beside the services that it waits for: the attached volume, or the address records. */
  readonly waitsFor?: "volume" | "address";
  /** Made after `mailstack status` reports every service healthy: it shuts strangers out of a host that works. */
  readonly afterHealth?: boolean;
  /** Arguments of `mailstack` for a command by a new connection, run after each change of the bundle. Not while it is off. */
  readonly confirm?: string;
}

/** Types a service; nothing is made. */
export function defineService<Stack>(spec: ServiceSpec<Stack>): ServiceSpec<Stack> {
  return spec;
}

/** Whether a stack has the service. */
export function isEnabled<Stack>(spec: ServiceSpec<Stack>, stack: Stack): boolean {
  return spec.enabled?.(stack) ?? true;
}

/** Packages of the service in this stack; none when it is off. */
export function packagesOf<Stack>(spec: ServiceSpec<Stack>, stack: Stack): readonly string[] {
  return isEnabled(spec, stack) ? valueOf(spec.packages, stack) : [];
}

/** Answers for debconf of the service in this stack; none when it is off. */
export function debconfOf<Stack>(spec: ServiceSpec<Stack>, stack: Stack): readonly string[] {
  return isEnabled(spec, stack) ? valueOf(spec.debconf, stack) : [];
}

/** Ports of the service in this stack; none when it is off. */
export function portsOf<Stack>(spec: ServiceSpec<Stack>, stack: Stack): readonly OpenPort[] {
  return isEnabled(spec, stack) ? valueOf(spec.ports, stack) : [];
}

function valueOf<Stack, Item>(value: Derived<Stack, readonly Item[]> | undefined, stack: Stack): readonly Item[] {
  return typeof value === "function" ? value(stack) : (value ?? []);
}

/** Everything the host must hold for one service of a stack. */
export function bundleOf<Stack>(spec: ServiceSpec<Stack>, stack: Stack): Bundle {
  const { name: service } = spec;
  if (!isEnabled(spec, stack)) return { service, files: {}, ...spec.whenOff };
  const [packages, debconf] = [packagesOf(spec, stack), debconfOf(spec, stack)];
  const modules = valueOf(spec.modules, stack);
  return {
    service,
    ...(modules.length > 0 ? { program: programDigest(...modules) } : {}),
    ...(packages.length > 0 ? { packages: [...packages] } : {}),
    ...(debconf.length > 0 ? { debconf: [...debconf] } : {}),
    ...spec.render(stack),
  };
}

/**
 * Checks that the services of a stack fit together in the order of the list.
 * @throws Error naming each service that does not.
 */
export function checkServices<Stack>(services: readonly ServiceSpec<Stack>[], stack: Stack): void {
  const problems = services.flatMap((spec, index) => {
    const { name, type, after = [], afterHealth } = spec;
    const earlier = services.slice(0, index);
    const before = earlier.map((each) => each.name);
    const opened = (port: number) => earlier.find((each) => portsOf(each, stack).some((other) => other.port === port));
    return [
      ...(/^[a-z][a-z0-9-]*$/.test(name) ? [] : [`the name "${name}" must be lower-case letters, digits and hyphens`]),
      ...(/^[a-z][a-z0-9-]*:[A-Z][A-Za-z0-9]*$/.test(type)
        ? []
        : [`${name}: the type "${type}" must be like "mail:Postfix"`]),
      ...(before.includes(name) ? [`${name}: there is a service with this name already`] : []),
      ...after
        .filter((other) => !before.includes(other))
        .map((other) => `${name}: comes after ${other}, which is not before it`),
      ...(!afterHealth && earlier.some((each) => each.afterHealth)
        ? [`${name}: must be made before ${earlier.find((each) => each.afterHealth)!.name}, which is afterHealth`]
        : []),
      ...portsOf(spec, stack).flatMap(({ port }) => {
        const other = opened(port);
        return other ? [`${name}: port ${port} is open for ${other.name} already`] : [];
      }),
    ];
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

/** Everything one file on the host must be. */
export interface HostFile {
  /** `user:group`, both must exist when the bundle is applied (packages make most of them). */
  owner: string;
  /** Octal text as in chmod(1), for example `"0644"`. */
  mode: string;
  /**
   * The whole text. `@@secret:NAME@@` is replaced on the host by the content of `/etc/mailstack/secrets/NAME`
   * (trailing newline removed); an unknown name fails the apply before anything is changed.
   */
  content: string;
}

/** A directory that must exist before the files are written. Never removed by the applier. */
export interface HostDirectory {
  /** `user:group`. */
  owner: string;
  /** Octal text, for example `"0750"`. */
  mode: string;
}

/** What a change of this bundle's files does to a systemd unit. */
export interface HostUnit {
  /** `reload` falls back to `restart` where the unit cannot reload; `none` only makes sure that it runs. */
  onChange: "reload" | "restart" | "none";
  /** Paths whose change needs a restart although `onChange` is `reload`. */
  restartOn?: string[];
  /**
   * `true` (default): enabled and running. `false`: stopped and disabled. A unit that runs already is not touched
   * when nothing changed.
   */
  running?: boolean;
  /**
   * Name of a Debian package. The unit is left alone unless a deployment has installed that package: what somebody else has
   * put on the host is not ours to stop.
   */
  onlyWith?: string;
}

/** A check that a daemon answers after the change; all must pass within their timeout or everything is put back. */
export type HostCheck =
  /** A TCP port on the host; `expect` is a text that the greeting must contain (nothing is read without it). */
  | { tcp: string; expect?: string; timeoutSeconds?: number }
  /** A Unix socket that must accept a connection. */
  | { socket: string; timeoutSeconds?: number }
  /** A program that must end with 0. */
  | { run: string[]; timeoutSeconds?: number };

/**
 * What a service keeps on the host and nothing can generate again. Backups contain this and nothing else: configuration
 * and secrets come from the deployment.
 */
export interface StateItem {
  /** `files`: a directory as it is. `sqlite`, `redis`: a consistent copy, taken while it is in use. */
  kind: "files" | "sqlite" | "redis";
  /** A plain absolute path. */
  path: string;
  /** `user:group` of the restored files, by name: numeric IDs differ between hosts. */
  owner: string;
  /** Of a restored database; files keep their modes. */
  mode?: string;
  /** restic patterns of what to leave out. */
  exclude?: string[];
  /** `mail` is restored after `state` and kept for fewer days. Default `state`. */
  part?: "state" | "mail";
  /** Of Redis. */
  socket?: string;
}

/** Everything the host must hold for one service. Plain data; the key order is fixed by its `render()`. */
export interface Bundle {
  /** The service's name, also the name of its manifest on the host. */
  service: string;
  /**
   * Digest of the modules of the host program that the service's daemons and commands are made of (`programDigest`). With
   * another one the bundle is a changed bundle, and its `after` runs.
   */
  program?: string;
  /** Debian packages that must be installed. Normally they already are: one transaction installs all of the stack. */
  packages?: string[];
  /** `package question type value` lines for debconf-set-selections(1), before the packages. */
  debconf?: string[];
  /** System groups and users to make when missing. */
  groups?: Record<string, { gid?: number }>;
  users?: Record<string, { uid?: number; group: string; home?: string; groups?: string[] }>;
  directories?: Record<string, HostDirectory>;
  files: Record<string, HostFile>;
  /** Programs run after the new files are in place and before the units are touched; re-runnable. */
  prepare?: string[][];
  /** The service's own configuration checks, as argument lists; exit code 0 or everything is put back. */
  validate?: string[][];
  /** Programs whose standard error must also be empty (for example `postconf -n`). */
  validateSilent?: string[][];
  units?: Record<string, HostUnit>;
  health?: HostCheck[];
  /** Programs that run once after success and only when something changed; for example `newaliases`. */
  after?: string[][];
  /**
   * Programs whose standard output becomes an output of the service (JSON on the applier's stdout), for example a
   * DKIM public key. Key: the output's name.
   */
  outputs?: Record<string, string[]>;
  /** What backups contain of it. */
  state?: StateItem[];
  /** Only for the service `accounts`: the declared mail domains, users and aliases. */
  accounts?: AccountsData;
}

/** The secrets that a bundle's files name, each once, in a fixed order. */
export function secretNames(bundle: Bundle): string[] {
  const texts = Object.values(bundle.files).map(({ content }) => content);
  const names = texts.flatMap((text) => [...text.matchAll(/@@secret:([^@\s]+)@@/g)].map(([, name]) => name!));
  return [...new Set(names)].sort();
}

/** The declared mail domains, mailboxes and aliases. */
export interface AccountsData {
  /** Path of the SQLite database. */
  database: string;
  domains: string[];
  users: AccountUser[];
  aliases: AccountAlias[];
}

/** A declared mailbox. */
export interface AccountUser {
  /** Full address, lower case. */
  address: string;
  /** Mailbox limit in MiB. */
  quotaMb: number;
  /** Raising it sets a new generated password on the host, once. Default 1. */
  passwordVersion: number;
}

/** A declared alias. */
export interface AccountAlias {
  /** Full address, lower case; `@domain` is a catch-all. */
  source: string;
  /** Full addresses, sorted. */
  destinations: string[];
}

import { addresses } from "../../../local-cloud/contracts";
import type { Peer } from "../../../local-cloud/peer/peer";
import type { Server } from "./servers";
import { until } from "./until";

/** Somebody else's machine with room for backups: the peer, by SSH. */
export class BackupServer {
  /** `mailstack:backupRepository`. */
  readonly repository: string;
  /** Folder of the repository, there. */
  readonly folder: string;
  private readonly home: string;

  private constructor(
    private readonly peer: Peer,
    private readonly user: string,
    /** `mailstack:backupHostKey`. */
    readonly hostKey: string,
    appendOnly: boolean,
  ) {
    this.home = `/srv/${user}`;
    this.folder = folderOf(user);
    this.repository = `${appendOnly ? "append-only" : "sftp"}://${user}@${addresses.peer}${appendOnly ? "" : this.folder}`;
  }

  /**
   * One of its own for a mail server, whose next `up` turns backups on.
   * @param prefix - Of the user's name. Another one each time: a mail server remembers the repository at an address, and
   *   refuses to start over there.
   * @param appendOnly - It deletes nothing when asked to.
   */
  static async of(server: Server, prefix: string, appendOnly = false): Promise<BackupServer> {
    const user = `${prefix}-${Date.now().toString(36)}`;
    const publicKey = (await server.stack.pulumi(["stack", "output", "backupPublicKey"])).stdout.trim();
    const target = await BackupServer.open(server.peer, user, publicKey, appendOnly);
    server.stack.configure((config) => {
      config.setIn(["config", "mailstack:backupRepository"], target.repository);
      config.setIn(["config", "mailstack:backupHostKey"], target.hostKey);
    });
    return target;
  }

  /** @param publicKey - Of the mail server's stack, which may log in. */
  private static async open(peer: Peer, user: string, publicKey: string, appendOnly: boolean): Promise<BackupServer> {
    const home = `/srv/${user}`;
    // As docs/admin/backup.md says it.
    const only = appendOnly ? `,command="rclone serve restic --stdio --append-only ${folderOf(user)}"` : "";
    const install = "apt-get update -qq && apt-get install -y -qq --no-install-recommends restic rclone >&2";
    const script = [
      ...(appendOnly ? [`command -v rclone >/dev/null || { ${install}; }`] : []),
      `id ${user} >/dev/null 2>&1 || useradd --system --home-dir ${home} --create-home --shell /bin/sh ${user}`,
      `install -d -m 0700 -o ${user} -g ${user} ${home}/.ssh`,
      `printf '%s %s\\n' "$2" "$1" >${home}/.ssh/authorized_keys`,
      `chown ${user}: ${home}/.ssh/authorized_keys`,
      "ssh-keygen -A >&2",
      "systemctl start ssh.service",
      "cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub",
    ];
    const words = ["sh", "-ec", script.join("\n"), "sh", publicKey, `restrict${only}`];
    const hostKey = await peer.system.must(words, { timeout: 300_000 });
    return new BackupServer(peer, user, hostKey.trim(), appendOnly);
  }

  /** Runs a shell command there, as root. */
  shell(script: string): Promise<string> {
    return this.peer.system.must(["sh", "-ec", script]);
  }

  /** It is away, as after a fault of its network. */
  async away<T>(work: () => Promise<T>): Promise<T> {
    await this.shell("systemctl stop ssh.service ssh.socket");
    try {
      return await work();
    } finally {
      await this.shell("systemctl start ssh.service");
    }
  }

  /** Its disk has next to no room left. */
  async full<T>(work: () => Promise<T>): Promise<T> {
    const size = Number((await this.shell(`du -sk ${this.folder}`)).split("\t")[0]) + 4096;
    const copy = `${this.home}/copy`;
    await this.shell(`cp -a ${this.folder} ${copy} && mount -t tmpfs -o size=${size}k tmpfs ${this.folder}`);
    try {
      await this.shell(`cp -a ${copy}/. ${this.folder}/`);
      return await work();
    } finally {
      // What was written meanwhile stays.
      await this.shell(
        `rm -rf ${copy} && cp -a ${this.folder} ${copy} && umount ${this.folder} && rm -rf ${this.folder} && mv ${copy} ${this.folder}`,
      );
    }
  }

  /** Somebody has deleted what is there. */
  async empty<T>(work: () => Promise<T>): Promise<T> {
    const kept = `${this.home}/kept`;
    await this.shell(`mv ${this.folder} ${kept} && install -d -o ${this.user} -g ${this.user} ${this.folder}`);
    try {
      return await work();
    } finally {
      await this.shell(`rm -rf ${this.folder} && mv ${kept} ${this.folder}`);
    }
  }

  /** As if it had never been. */
  async close(): Promise<void> {
    await this.shell(`systemctl stop ssh.service; userdel ${this.user}; rm -rf ${this.home}`);
  }
}

/** No run begins by itself any more, and none is going on. */
export async function stopTimer(server: Server): Promise<void> {
  await server.system.must(["systemctl", "stop", "mailstack-backup.timer"]);
  const state = ["systemctl", "show", "--property=ActiveState", "--value", "mailstack-backup.service"];
  await until("no backup runs", async () => (await server.system.must(state)).trim() !== "activating", 300);
}

function folderOf(user: string): string {
  return `/srv/${user}/mail`;
}

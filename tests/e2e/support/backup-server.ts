import { addresses } from "../../../local-cloud/contracts";
import type { Peer } from "../../../local-cloud/peer/peer";
import type { Server } from "./servers";

/** Somebody else's machine with room for backups: the peer, by SSH. */
export class BackupServer {
  /** `mailstack:backupRepository`. */
  readonly repository: string;
  /** Where the repository is, on that machine. */
  readonly folder: string;
  private readonly home: string;

  private constructor(
    private readonly peer: Peer,
    private readonly user: string,
    /** `mailstack:backupHostKey`. */
    readonly hostKey: string,
  ) {
    this.home = `/srv/${user}`;
    // Another one each time: a mail server remembers the repository at an address, and refuses to start over there.
    this.folder = `${this.home}/mail-${Date.now()}`;
    this.repository = `sftp://${user}@${addresses.peer}${this.folder}`;
  }

  /** One of its own for a mail server, whose next `up` turns backups on. */
  static async of(server: Server, user: string): Promise<BackupServer> {
    const publicKey = (await server.stack.pulumi(["stack", "output", "backupPublicKey"])).stdout.trim();
    const target = await BackupServer.open(server.peer, user, publicKey);
    server.stack.configure((config) => {
      config.setIn(["config", "mailstack:backupRepository"], target.repository);
      config.setIn(["config", "mailstack:backupHostKey"], target.hostKey);
    });
    return target;
  }

  /** @param publicKey - Of the mail server's stack, which may log in. */
  private static async open(peer: Peer, user: string, publicKey: string): Promise<BackupServer> {
    const home = `/srv/${user}`;
    const script = [
      `id ${user} >/dev/null 2>&1 || useradd --system --home-dir ${home} --create-home --shell /bin/sh ${user}`,
      `install -d -m 0700 -o ${user} -g ${user} ${home}/.ssh`,
      `printf 'restrict %s\\n' "$1" >${home}/.ssh/authorized_keys`,
      `chown ${user}: ${home}/.ssh/authorized_keys`,
      "ssh-keygen -A >&2",
      "systemctl start ssh.service",
      "cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub",
    ];
    const hostKey = await peer.system.must(["sh", "-ec", script.join("\n"), "sh", publicKey]);
    return new BackupServer(peer, user, hostKey.trim());
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

  /** As if it had never been. */
  async close(): Promise<void> {
    await this.shell(`systemctl stop ssh.service; userdel ${this.user}; rm -rf ${this.home}`);
  }
}

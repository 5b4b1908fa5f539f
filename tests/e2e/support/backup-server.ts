import { addresses } from "../../../local-cloud/contracts";
import type { Peer } from "../../../local-cloud/peer/peer";

/** Somebody else's machine with room for backups: the peer, by SSH. */
export class BackupServer {
  /** `mailstack:backupRepository`. */
  readonly repository: string;
  private readonly home: string;

  private constructor(
    private readonly peer: Peer,
    private readonly user: string,
    /** `mailstack:backupHostKey`. */
    readonly hostKey: string,
  ) {
    this.home = `/srv/${user}`;
    // Another one each time: a mail server remembers the repository at an address, and refuses to start over there.
    this.repository = `sftp://${user}@${addresses.peer}${this.home}/mail-${Date.now()}`;
  }

  /** @param publicKey - Of the mail server's stack, which may log in. */
  static async open(peer: Peer, user: string, publicKey: string): Promise<BackupServer> {
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

  /** As if it had never been. */
  async close(): Promise<void> {
    await this.shell(`systemctl stop ssh.service; userdel ${this.user}; rm -rf ${this.home}`);
  }
}

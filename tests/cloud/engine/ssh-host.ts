/** An SSH server on loopback that runs what it is asked in a shell of this machine, and remembers it. */
import { spawn } from "node:child_process";
import { constants, mkdirSync, openSync, closeSync, statSync, writeSync } from "node:fs";
import type { AddressInfo } from "node:net";
import {
  Server,
  utils,
  type Connection,
  type ParsedKey,
  type ServerChannel,
  type Session,
  type SFTPWrapper,
} from "ssh2";

export const userPassword = "only-for-the-login-1";

export const newKey = () => utils.generateKeyPairSync("ed25519");

/** The same user's second key, which only its password opens. */
export const keyPassword = "only-for-the-key-2";

export class SshHost {
  readonly commands: string[] = [];
  /** Connections that were accepted, and those that are open now. */
  accepted = 0;
  readonly open = new Set<Connection>();
  /** So many of the next connections are closed at once. */
  refuseNext = 0;
  readonly key = newKey();
  /** Of the user who may log in. */
  readonly user = newKey();
  readonly lockedUser = utils.generateKeyPairSync("ed25519", {
    cipher: "aes256-ctr",
    passphrase: keyPassword,
    rounds: 16,
  });
  private readonly server: Server;

  private constructor() {
    this.server = new Server({ hostKeys: [this.key.private] }, (connection) => this.accept(connection));
  }

  static async start(): Promise<SshHost> {
    const host = new SshHost();
    await new Promise<void>((resolve) => host.server.listen(0, "127.0.0.1", () => resolve()));
    return host;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const connection of this.open) connection.end();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private accept(connection: Connection): void {
    connection.on("error", () => undefined);
    if (this.refuseNext > 0) {
      this.refuseNext -= 1;
      return void connection.end();
    }
    this.accepted += 1;
    this.open.add(connection);
    connection.on("close", () => this.open.delete(connection));
    const keys = [this.user, this.lockedUser].map((pair) => publicKey(pair.public));
    connection.on("authentication", (attempt) => {
      if (attempt.method === "password" && attempt.password === userPassword) return attempt.accept();
      const allowed = attempt.method === "publickey" && keys.find((key) => key.getPublicSSH().equals(attempt.key.data));
      if (!allowed) return attempt.reject(["publickey", "password"]);
      if (!attempt.signature || allowed.verify(attempt.blob!, attempt.signature, attempt.hashAlgo)) attempt.accept();
      else attempt.reject();
    });
    connection.on("session", (accept) => this.serve(accept(), connection));
    connection.on("tcpip", (accept, _reject, { destPort }) => {
      const channel = accept();
      const far = spawn(process.execPath, ["-e", pipeTo(destPort)], { stdio: ["pipe", "pipe", "ignore"] });
      channel.pipe(far.stdin).on("error", () => undefined);
      far.stdout.pipe(channel);
      connection.on("close", () => far.kill());
    });
  }

  private serve(session: Session, connection: Connection): void {
    const env: NodeJS.ProcessEnv = { ...process.env };
    session.on("env", (accept, _reject, { key, val }: { key: string; val: string }) => {
      env[key] = val;
      (accept as (() => void) | undefined)?.();
    });
    session.on("exec", (accept, _reject, { command }) => {
      this.commands.push(command);
      this.run(accept(), command, env, connection);
    });
    session.on("sftp", (accept) => serveFiles(accept()));
  }

  private run(channel: ServerChannel, command: string, env: NodeJS.ProcessEnv, connection: Connection): void {
    const child = spawn("/bin/sh", ["-c", command], { env, detached: true });
    channel.pipe(child.stdin).on("error", () => undefined);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr as never, { end: false });
    connection.on("close", () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, "SIGKILL");
    });
    child.once("close", (code, signal) => {
      if (signal) channel.exit(signal.replace(/^SIG/, "") as never);
      else channel.exit(code ?? 255);
      channel.end();
    });
  }
}

function publicKey(line: string): ParsedKey {
  const key = utils.parseKey(line);
  if (key instanceof Error) throw key;
  return key;
}

/** A program that connects its input and output with a port. */
function pipeTo(port: number): string {
  return `const s = require("net").connect(${port}, "127.0.0.1"); process.stdin.pipe(s).pipe(process.stdout);`;
}

/** As much of SFTP as a copy needs. */
function serveFiles(sftp: SFTPWrapper): void {
  const { OK, FAILURE, NO_SUCH_FILE } = utils.sftp.STATUS_CODE;
  const files = new Map<number, number>();
  const attempt = (id: number, act: () => void): void => {
    try {
      act();
    } catch (error) {
      sftp.status(id, (error as NodeJS.ErrnoException).code === "ENOENT" ? NO_SUCH_FILE : FAILURE);
    }
  };
  const stat = (id: number, path: string): void =>
    attempt(id, () => {
      const { mode, uid, gid, size, atimeMs, mtimeMs } = statSync(path);
      sftp.attrs(id, { mode, uid, gid, size, atime: Math.round(atimeMs / 1000), mtime: Math.round(mtimeMs / 1000) });
    });
  // ssh2 leaves the answer to a client's end to the program; Go's client waits for it.
  sftp.on("end", () => sftp.end());
  sftp.on("STAT", stat).on("LSTAT", stat);
  sftp.on("OPEN", (id, path) =>
    attempt(id, () => {
      const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o644);
      files.set(file, file);
      const handle = Buffer.alloc(4);
      handle.writeUInt32BE(file);
      sftp.handle(id, handle);
    }),
  );
  sftp.on("WRITE", (id, handle, offset, data) =>
    attempt(id, () => {
      writeSync(handle.readUInt32BE(), data, 0, data.length, offset);
      sftp.status(id, OK);
    }),
  );
  sftp.on("CLOSE", (id, handle) =>
    attempt(id, () => {
      closeSync(handle.readUInt32BE());
      sftp.status(id, OK);
    }),
  );
  sftp.on("MKDIR", (id, path) =>
    attempt(id, () => {
      mkdirSync(path);
      sftp.status(id, OK);
    }),
  );
  for (const name of ["SETSTAT", "FSETSTAT"] as const) sftp.on(name, (id: number) => sftp.status(id, OK));
}

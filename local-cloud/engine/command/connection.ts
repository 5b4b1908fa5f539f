/** How a host is reached: the inputs of a connection, and an SSH session over it. */
import { connect as connectTcp, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Client, utils, type ConnectConfig, type ParsedKey } from "ssh2";
import { z } from "zod";
import type { Call } from "../api-resource";
import { cancellation } from "./cancellation";
import { retried } from "./retry";

const common = {
  host: z.string(),
  user: z.string().default("root"),
  port: z.number().default(22),
  password: z.string().optional(),
  privateKey: z.string().optional(),
  privateKeyPassword: z.string().optional(),
  agentSocketPath: z.string().optional(),
  /** Failed attempts that are allowed; -1: no limit. */
  dialErrorLimit: z.int().default(10),
  /** Seconds for one attempt to reach the port; 0: no limit. */
  perDialTimeout: z.int().min(0).default(15),
  /** A line of authorized_keys form; absent: the host is not verified. */
  hostKey: z.string().optional(),
};
/** Not strict alone: a key that is not known here is refused by name, and its value is never shown. */
export const connectionInputs = z.strictObject({ ...common, proxy: z.strictObject(common).optional() });
export type Connection = z.infer<typeof connectionInputs>;
type Endpoint = Omit<Connection, "proxy">;

/** A server that accepted the port has this long for keys and login, in milliseconds; sshd's own LoginGraceTime. */
const loginTime = 120_000;

/** Opens an SSH connection, `use`s it and ends it. It ends at once when the call is cancelled. */
export async function withSsh<T>(connection: Connection, call: Call, use: (client: Client) => Promise<T>): Promise<T> {
  const target = settings(connection);
  const via = connection.proxy && settings(connection.proxy);
  if (!via) return using(await dial("Dial", connection, target, call), call, use);
  const gate = await dial("Dial proxy", connection.proxy!, via, call).catch((error: Error) => {
    throw new Error(`proxy: ${error.message}`);
  });
  return using(gate, call, async () => {
    const through = () => forwarded(gate, connection);
    const client = await retried("Dial", connection.dialErrorLimit, call, async () => login(await through(), target));
    return using(client, call, use);
  });
}

async function using<T>(client: Client, call: Call, use: (client: Client) => Promise<T>): Promise<T> {
  let stop: () => void = () => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    stop = () => reject(cancellation(call.signal));
    client.once("error", (error) => reject(new Error(`ssh: ${error.message}`)));
  });
  if (call.signal.aborted) stop();
  call.signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([use(client), ended]);
  } finally {
    call.signal.removeEventListener("abort", stop);
    client.end();
    if (call.signal.aborted) client.destroy();
  }
}

function dial(words: string, endpoint: Endpoint, config: ConnectConfig, call: Call): Promise<Client> {
  return retried(words, endpoint.dialErrorLimit, call, async () => login(await reach(endpoint, call), config));
}

/** @throws Error for a key that cannot be read, before anything is dialled; no part of the key is in the message. */
function settings(endpoint: Endpoint): ConnectConfig {
  const agent = endpoint.agentSocketPath ?? process.env.SSH_AUTH_SOCK;
  const { user: username, password, privateKey, privateKeyPassword: passphrase } = endpoint;
  if (privateKey !== undefined) parsed(privateKey, "private key", passphrase);
  const methods: ConnectConfig["authHandler"] = ["none"];
  if (privateKey !== undefined) methods.push("publickey");
  if (password !== undefined) methods.push("password", "keyboard-interactive");
  if (agent) methods.push("agent");
  return {
    username,
    password,
    privateKey,
    passphrase,
    agent: agent || undefined,
    tryKeyboard: password !== undefined,
    authHandler: methods,
    readyTimeout: loginTime,
    ...(endpoint.hostKey !== undefined && onlyHost(parsed(endpoint.hostKey, "host key"))),
  };
}

function onlyHost(expected: ParsedKey): Partial<ConnectConfig> {
  return {
    algorithms: { serverHostKey: [expected.type] as never },
    hostVerifier: (key: Buffer) => key.equals(expected.getPublicSSH()),
  };
}

function parsed(text: string, what: string, passphrase?: string): ParsedKey {
  const key = utils.parseKey(text, passphrase);
  if (key instanceof Error) throw new Error(`ssh: the ${what} cannot be read: ${key.message}`);
  return Array.isArray(key) ? key[0]! : key;
}

function reach({ host, port, perDialTimeout }: Endpoint, call: Call): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, signal: call.signal });
    const fail = (reason: string) => {
      socket.destroy();
      reject(new Error(`dial tcp ${host}:${port}: ${reason}`));
    };
    const timer = perDialTimeout > 0 && setTimeout(() => fail("i/o timeout"), perDialTimeout * 1000);
    // Once it is connected, the client above it tells of its errors.
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (timer) clearTimeout(timer);
      fail(error.code === "ECONNREFUSED" ? "connect: connection refused" : error.message);
    });
    socket.once("connect", () => {
      if (timer) clearTimeout(timer);
      resolve(socket);
    });
  });
}

function forwarded(gate: Client, { host, port }: Endpoint): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    gate.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
      if (error) reject(new Error(`proxy: ${error.message}`));
      else resolve(channel);
    });
  });
}

function login(sock: Duplex, config: ConnectConfig): Promise<Client> {
  const client = new Client();
  // It may tell twice of one lost connection, and an error that nobody listens to would end the plugin.
  client.on("error", () => undefined);
  client.on("keyboard-interactive", (_name, _text, _language, prompts, answer) => {
    answer(prompts.map(() => config.password ?? ""));
  });
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      sock.destroy();
      reject(new Error(`ssh: handshake failed: ${reason(error)}`));
    };
    const closed = () => fail(new Error("EOF"));
    client.once("error", fail);
    client.once("close", closed);
    client.once("ready", () => {
      client.off("error", fail);
      client.off("close", closed);
      resolve(client);
    });
    client.connect({ ...config, sock: sock as never });
  });
}

/** The vendor's words for what a user meets. */
function reason({ message }: Error): string {
  if (message.includes("Host denied") || message.includes("no matching host key")) return "ssh: host key mismatch";
  if (message.includes("All configured authentication methods failed")) return "ssh: unable to authenticate";
  return message;
}

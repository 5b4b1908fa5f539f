import { defineService, type BundleBody, type InnerPorts } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import { trustedNetworks, type Stack } from "./stack";
import { webmailAddress, webmailUser } from "./webmail-address";

type ConnectionsStack = Pick<Stack, "trustedCidrs" | "backupMxs" | "webmail">;

/** How much one client may have open at a port. */
export interface ConnectionLimit {
  name: string;
  ports: readonly number[];
  /** At the same time, from an IPv4 address or a /64. */
  client: number;
  /** At the same time, from all of a /48, which a provider gives to one customer without a question. */
  site: number;
  /** New ones in a minute; 0: any number. */
  rate: number;
}

/** Other mail servers. Postfix has a process for each connection, so the number is small. */
export const serverLimit: ConnectionLimit = { name: "smtp", ports: [25], client: 20, site: 40, rate: 60 };
/** Users who send: an office behind one address has its programs open at the same time. */
export const submissionLimit: ConnectionLimit = {
  name: "submission",
  ports: [465, 587],
  client: 30,
  site: 40,
  rate: 0,
};
/** A mail program has some five connections, and a waiting one costs Dovecot and nginx next to nothing. */
const readerLimit: ConnectionLimit = {
  name: "reading",
  ports: [993, 995, 4190],
  client: 200,
  site: 400,
  rate: 0,
};
const webLimit: ConnectionLimit = { name: "web", ports: [80, 443], client: 100, site: 200, rate: 0 };

const limits = [serverLimit, submissionLimit, readerLimit, webLimit];

const rules = "/etc/nftables.d/mailstack.nft";
/** Table of the kernel's packet filter; `mailstack status` looks for it (host/mailstack/checks/connections.py). */
const table = "mailstack";

/**
 * How many connections one client may have, for every daemon alike, in the kernel: what is over the limit never costs a
 * process. Postfix itself counts a /64 as many clients before 3.9.
 * @param inner - The loopback ports of all services that only some users may reach.
 */
export function connectionsOf(inner: readonly InnerPorts[]) {
  return defineService({
    name: "connections",
    type: "host:Connections",
    packages: ["nftables"],
    afterHealth: true,
    render: (stack: ConnectionsStack) => render(stack, inner),
  });
}

function render(stack: ConnectionsStack, inner: readonly InnerPorts[]): BundleBody {
  return {
    files: filesFrom(
      "connections",
      { [rules]: {}, "/etc/systemd/system/mailstack-connections.service": {} },
      {
        table,
        rules,
        webmailAddress,
        webmailUsers: stack.webmail ? `root, ${webmailUser}` : "root",
        inner: inner.map(({ ports, users }) => ({
          ports: ports.join(", "),
          users: ["root", ...users].join(", "),
        })),
        limits: limits.map(({ ports, ...limit }) => ({ ...limit, ports: ports.join(", ") })),
        trusted: trustedNetworks(stack).map((cidr) => ({ cidr, family: cidr.includes(":") ? "ip6" : "ip" })),
        client6: "ffff:ffff:ffff:ffff::",
        site6: "ffff:ffff:ffff::",
      },
    ),
    validate: [["nft", "--check", "--file", rules]],
    units: { "mailstack-connections.service": { onChange: "reload" } },
    health: [{ run: ["nft", "list", "chain", "inet", table, "input"] }],
  };
}

import { sandbox } from "../deployment/sandbox";
import { defineService, type BundleBody } from "../deployment/define-service";
import { filesFrom } from "../deployment/files";
import type { Stack } from "./stack";

/** Where Postfix asks, as a table: what a foreign sender becomes, and what was made of one. */
export const srsTables = { forward: 10001, reverse: 10002 } as const;
/** Where Postfix hands mail of foreign senders to itself: only on its way out the sender is rewritten. */
export const srsPort = 10027;

const service = "postsrsd.service";
const dropIn = `/etc/systemd/system/${service}.d/mailstack.conf`;

/**
 * Gives mail that aliases and filters send on a sender of this host, so that SPF passes where it arrives, and leads its
 * bounces back. The package's own key signs such senders; one is good for three weeks.
 */
export const srs = defineService({
  name: "srs",
  type: "mail:Srs",
  packages: ["postsrsd"],
  innerPorts: [{ ports: [srsTables.forward, srsTables.reverse, srsPort], users: ["postfix"] }],
  render,
});

function render(stack: Pick<Stack, "fqdn">): BundleBody {
  return {
    files: filesFrom("srs", { [dropIn]: {} }, { hostname: stack.fqdn, ...srsTables, sandbox }),
    validate: [["systemd-analyze", "verify", "--man=no", `/lib/systemd/system/${service}`]],
    units: { [service]: { onChange: "restart" } },
    health: Object.values(srsTables).map((port) => ({ tcp: `127.0.0.1:${port}` })),
  };
}

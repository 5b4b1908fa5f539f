import { sandbox } from "../host/sandbox";
import type { Bundle } from "../rendering/bundle";
import { filesFrom } from "../rendering/files";

/** Settings of the Sender Rewriting Scheme. */
export interface SrsSettings {
  /** Domain of rewritten senders. Its DNS lets this host send for it, and bounces come back to it. */
  hostname: string;
}

/** Where Postfix asks, as a table: what a foreign sender becomes, and what was made of one. */
export const srsTables = { forward: 10001, reverse: 10002 } as const;
/** Where Postfix hands mail of foreign senders to itself: only on its way out the sender is rewritten. */
export const srsPort = 10027;

export const srsPackages = ["postsrsd"];

const service = "postsrsd.service";
const dropIn = `/etc/systemd/system/${service}.d/mailstack.conf`;

/**
 * Gives mail that aliases and filters send on a sender of this host, so that SPF passes where it arrives, and leads its
 * bounces back. The package's own key signs such senders; one is good for three weeks.
 */
export function renderSrs({ hostname }: SrsSettings): Bundle {
  return {
    service: "srs",
    packages: srsPackages,
    files: filesFrom("srs", { [dropIn]: {} }, { hostname, ...srsTables, sandbox }),
    validate: [["systemd-analyze", "verify", "--man=no", `/lib/systemd/system/${service}`]],
    units: { [service]: { onChange: "restart" } },
    health: Object.values(srsTables).map((port) => ({ tcp: `127.0.0.1:${port}` })),
  };
}

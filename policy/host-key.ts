import type { Rule } from "./rule";

interface Connection {
  host?: unknown;
  hostKey?: unknown;
  proxy?: Connection;
}

/** Without a key the SSH client takes whoever answers. A proxy is a connection of its own. */
function unchecked(connection: Connection | undefined): unknown[] {
  if (!connection) return [];
  return [...(connection.hostKey ? [] : [connection.host]), ...unchecked(connection.proxy)];
}

export const hostKey: Rule = {
  name: "host-key",
  description: "Every SSH connection knows the host's key before it is made.",
  check: ({ type, name, props }) =>
    type.startsWith("command:remote:")
      ? unchecked((props.connection ?? {}) as Connection).map(
          (host) =>
            `${name} takes any host that answers at ${String(host ?? "its address")}; give its connection a hostKey`,
        )
      : [],
};

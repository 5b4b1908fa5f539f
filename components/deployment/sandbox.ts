/** What no daemon of the stack needs; systemd.exec(5). Each daemon's own drop-in adds to it what fits that daemon. */
export const sandbox: readonly string[] = [
  "LockPersonality=yes",
  "PrivateDevices=yes",
  "ProtectClock=yes",
  "ProtectControlGroups=yes",
  "ProtectHostname=yes",
  "ProtectKernelLogs=yes",
  "ProtectKernelModules=yes",
  "ProtectKernelTunables=yes",
  "RestrictNamespaces=yes",
  "RestrictRealtime=yes",
  "SystemCallArchitectures=native",
  "SystemCallErrorNumber=EPERM",
];

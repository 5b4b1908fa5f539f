/** Stand-in of the `command` plugin 1.2.1. */
import { z } from "zod";
import { servePlugin } from "../api-provider";
import { copyToRemoteResource } from "./copy-to-remote";
import { localCommandResource, runFunction } from "./local-command";
import { remoteCommandResource } from "./remote-command";

servePlugin<undefined>({
  name: "command",
  version: "1.2.1",
  config: z.strictObject({}),
  configure: () => ({
    api: undefined,
    resources: {
      "command:local:Command": localCommandResource,
      "command:remote:Command": remoteCommandResource,
      "command:remote:CopyToRemote": copyToRemoteResource,
    },
  }),
  functions: { "command:local:run": runFunction },
});

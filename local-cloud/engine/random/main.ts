/** Stand-in of the `random` plugin 4.21.2. */
import { z } from "zod";
import { servePlugin } from "../api-provider";
import { randomBytesResource, randomIdResource, randomUuidResource } from "./bytes";
import { randomPasswordResource, randomStringResource } from "./text";

servePlugin<undefined>({
  name: "random",
  version: "4.21.2",
  config: z.strictObject({}),
  configure: () => ({
    api: undefined,
    resources: {
      "random:index/randomBytes:RandomBytes": randomBytesResource,
      "random:index/randomId:RandomId": randomIdResource,
      "random:index/randomPassword:RandomPassword": randomPasswordResource,
      "random:index/randomString:RandomString": randomStringResource,
      "random:index/randomUuid:RandomUuid": randomUuidResource,
    },
  }),
});

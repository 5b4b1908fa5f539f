/**
 * `@pulumi/pulumi` for the program: the same exports, but what a deployment never touches is loaded only when it is
 * touched. The SDK's own entry loads the Automation API, and with it npm's installer: 0.2 s.
 */
Object.defineProperty(exports, "__esModule", { value: true });
Object.assign(
  exports,
  require("@pulumi/pulumi/config"),
  require("@pulumi/pulumi/errors"),
  require("@pulumi/pulumi/invoke"),
  require("@pulumi/pulumi/metadata"),
  require("@pulumi/pulumi/output"),
  require("@pulumi/pulumi/resource"),
  require("@pulumi/pulumi/stackReference"),
  require("@pulumi/pulumi/stash"),
);
/** As in the SDK: functions that are turned into text must not take this module with them. */
exports.deploymentOnlyModule = true;
const modules = {
  asset: () => require("@pulumi/pulumi/asset"),
  automation: () => require("@pulumi/pulumi/automation"),
  dynamic: () => require("@pulumi/pulumi/dynamic"),
  iterable: () => require("@pulumi/pulumi/iterable"),
  log: () => require("@pulumi/pulumi/log"),
  provider: () => require("@pulumi/pulumi/provider"),
  runtime: () => require("./sdk-runtime.cjs"),
  utils: () => require("@pulumi/pulumi/utils"),
};
for (const [name, get] of Object.entries(modules)) Object.defineProperty(exports, name, { enumerable: true, get });

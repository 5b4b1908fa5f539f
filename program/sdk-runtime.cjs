/** `@pulumi/pulumi/runtime` for the program, see sdk.cjs. What turns functions into text loads npm's installer, too. */
Object.defineProperty(exports, "__esModule", { value: true });
Object.assign(
  exports,
  require("@pulumi/pulumi/runtime/config"),
  require("@pulumi/pulumi/runtime/invoke"),
  require("@pulumi/pulumi/runtime/resource"),
  require("@pulumi/pulumi/runtime/rpc"),
  require("@pulumi/pulumi/runtime/settings"),
  require("@pulumi/pulumi/runtime/stack"),
);
const functions = {
  computeCodePaths: () => require("@pulumi/pulumi/runtime/closure/codePaths").computeCodePaths,
  serializeFunction: () => require("@pulumi/pulumi/runtime/closure/serializeClosure").serializeFunction,
  serializeFunctionAsync: () => require("@pulumi/pulumi/runtime/closure/serializeClosure").serializeFunctionAsync,
  setMocks: () => require("@pulumi/pulumi/runtime/mocks").setMocks,
};
for (const [name, get] of Object.entries(functions)) Object.defineProperty(exports, name, { enumerable: true, get });

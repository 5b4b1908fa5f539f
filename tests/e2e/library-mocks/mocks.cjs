/**
 * Runs the compiled program of examples/library under Pulumi's mocks, in the folder in which both are. Writes what was
 * registered, in order, and the stack's outputs to mocked.json.
 */
const { writeFileSync } = require("node:fs");
const pulumi = require("@pulumi/pulumi");

const outputs = {
  "linode:index/instance:Instance": { ipAddress: "192.0.2.1", ipv6: "2001:db8::1/128" },
  "random:index/randomPassword:RandomPassword": { result: "r".repeat(64) },
  "command:remote:Command": { stdout: "{}", stderr: "" },
};
const answers = {
  "pulumi:pulumi:readStackOutputs": { outputs: {} },
  "linode:index/getDomain:getDomain": { domain: "example.org" },
  "linode:index/getFirewall:getFirewall": { devices: [{ id: 42, type: "linode", entityId: 4711 }] },
};
const registered = [];

async function main() {
  const mocks = {
    newResource({ type, name, inputs, custom }) {
      registered.push({ type, name, stdin: pulumi.runtime.unwrapRpcSecret(inputs.stdin) });
      return { id: custom ? "4711" : undefined, state: { ...inputs, ...outputs[type] } };
    },
    call: ({ token }) => answers[token],
  };
  await pulumi.runtime.setMocks(mocks, "acme", "dev", false, "organization");
  pulumi.runtime.setAllConfig({
    "acme:domain": "example.org",
    "acme:linodeDomainId": "1234567",
    "acme:linodeToken": "token",
  });
  const { hostname, ipv4 } = await require("./out/index.js")();
  await pulumi.runtime.waitForRPCs();
  const known = await new Promise((resolve) => pulumi.output({ hostname, ipv4 }).apply(resolve));
  writeFileSync("mocked.json", JSON.stringify({ registered, outputs: known }));
}

main();

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TestCloud } from "./api/test-cloud";

// How an account makes its Linodes, in the real API's words.

const cloud = new TestCloud();
const wanted = {
  region: "eu-central",
  type: "g6-standard-1",
  image: "linode/debian12",
  authorized_keys: [`ssh-ed25519 ${"A".repeat(68)} test`],
};

before(() => cloud.start());
after(() => cloud.end());

test("an account that gives new Linodes interfaces of their own takes no firewall for the whole of one", async () => {
  const rules = { inbound: [], inbound_policy: "DROP", outbound: [], outbound_policy: "ACCEPT" };
  const made = await cloud.linode("POST", "/networking/firewalls", { label: "interfaces", rules });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  const firewall_id = (made.body as { id: number }).id;
  const account = (kind: string) => cloud.linode("PUT", "/account/settings", { interfaces_for_new_linodes: kind });
  const create = (more: object = {}) => cloud.linode("POST", "/linode/instances", { ...wanted, firewall_id, ...more });
  const config = { interface_generation: "legacy_config" };
  const refused = async (more: object, reason: RegExp) => {
    const { status, body } = await create(more);
    assert.equal(status, 400);
    assert.match(JSON.stringify(body), reason);
  };
  for (const kind of ["linode_only", "linode_default_but_legacy_config_allowed"]) {
    assert.equal((await account(kind)).status, 200);
    await refused({}, /firewall_id.*Please apply Cloud Firewall to the interfaces/);
  }
  assert.equal((await account("linode_only")).status, 200);
  await refused(config, /interface_generation.*allow only linode/);
  assert.equal((await account("legacy_config_only")).status, 200);
  await refused({ interface_generation: "linode" }, /interface_generation.*allow only legacy_config/);
  for (const kind of ["legacy_config_default_but_linode_allowed", "linode_default_but_legacy_config_allowed"]) {
    assert.equal((await account(kind)).status, 200);
    const { status, body } = await create(config);
    assert.equal(status, 200, JSON.stringify(body));
  }
  assert.equal((await account("else")).status, 400);
});

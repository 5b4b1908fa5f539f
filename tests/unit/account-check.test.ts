import * as pulumi from "@pulumi/pulumi";
import { type AskLinode, unusableAccount } from "../../components/cloud/account-check";

let warned: string[];
let asked: string[][];
const answering =
  (status: number, answer?: unknown): AskLinode =>
  async (path, token) => {
    asked.push([path, token]);
    return { status, answer };
  };
const account = (kind: string) => answering(200, { network_helper: true, interfaces_for_new_linodes: kind });
const token = pulumi.secret("the-token");

beforeEach(() => {
  warned = [];
  asked = [];
  jest.spyOn(pulumi.log, "warn").mockImplementation(async (text) => void warned.push(text));
});
afterEach(() => jest.restoreAllMocks());

test.each(["legacy_config_only", "legacy_config_default_but_linode_allowed"])(
  "an account with %s can have the host",
  async (kind) => {
    expect(await unusableAccount(token, account(kind))).toEqual([]);
    expect(asked).toEqual([["/account/settings", "the-token"]]);
    expect(warned).toEqual([]);
  },
);

test.each(["linode_only", "linode_default_but_legacy_config_allowed", "something_new"])(
  "an account with %s cannot, and the line says what to set",
  async (kind) => {
    expect(await unusableAccount(token, account(kind))).toEqual([
      `linode: the account gives new Linodes Linode Interfaces (interfaces_for_new_linodes is ${kind}), which the ` +
        'provider cannot put behind a firewall; set "Interfaces for new Linodes" in the account\'s settings to ' +
        '"Configuration Profile Interfaces but allow Linode Interfaces", and run `pulumi up` again',
    ]);
  },
);

test.each<[string, AskLinode, RegExp]>([
  ["a token without that scope", answering(403), /answered with 403; the token may lack account:read_only/],
  ["too many requests", answering(429), /answered with 429/],
  ["an answer without the setting", answering(200, {}), /answered with 200/],
  ["no network", () => Promise.reject(new Error("fetch failed")), /could not be read: fetch failed/],
])("%s: it is told that nobody looked, and the up goes on", async (_, ask, warning) => {
  expect(await unusableAccount(token, ask)).toEqual([]);
  expect(warned).toHaveLength(1);
  expect(warned[0]).toMatch(warning);
  expect(warned[0]).not.toContain("the-token");
});

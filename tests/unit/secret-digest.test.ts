import * as pulumi from "@pulumi/pulumi";
import { secretDigest } from "../../components/deployment/secret-digest";

const digest = (key: string, secret: string): Promise<string> =>
  new Promise((resolve) => secretDigest(pulumi.secret(key), pulumi.secret(secret)).apply(resolve));

test("a digest changes with the secret and with the key, and is no plain hash", async () => {
  const one = await digest("key", "secret");
  expect(one).toMatch(/^[0-9a-f]{32}$/);
  expect(await digest("key", "secret")).toBe(one);
  expect(await digest("key", "secreT")).not.toBe(one);
  expect(await digest("keY", "secret")).not.toBe(one);
});

test("a digest may be read by everybody", async () => {
  expect(await pulumi.isSecret(secretDigest(pulumi.secret("key"), pulumi.secret("secret")))).toBe(false);
});

import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { Host } from "../../components/deployment/host";
import { pickDigests, secretDigest } from "../../components/deployment/secret-digest";
import { Service } from "../../components/deployment/service";
import { record } from "./support/recorded-program";

class Plain extends Service {}

/** What makes the command of a service run again, where its one file is this text and its host has the secrets `a` and `b`. */
async function triggersOf(content: string, values: { a: string; b: string }): Promise<unknown[]> {
  const { registrations } = await record(() => {
    const instance = new random.RandomPassword("instance", { length: 8 });
    const digestOf = (value: string) => secretDigest(pulumi.secret("key"), pulumi.secret(value));
    const secretDigests = { a: digestOf(values.a), b: digestOf(values.b) };
    const host = new Host("host", { address: "192.0.2.1", privateKey: "k", hostKey: "k", instance, secretDigests });
    const bundle = { service: "plain", files: { "/etc/plain": { owner: "root:root", mode: "0600", content } } };
    return new Plain("plain", { type: "test:Plain", service: "plain", host, bundle });
  });
  return registrations.find((each) => each.custom && each.name === "plain")!.inputs.triggers as unknown[];
}

test("a service whose files name secrets is applied again when one of those changes, and only then", async () => {
  const text = "one=@@secret:b@@ two=@@secret:b@@\nthree=@@secret:a@@\n";
  const before = await triggersOf(text, { a: "1", b: "2" });
  expect(before).toHaveLength(3);
  expect(await triggersOf(text, { a: "1", b: "2" })).toEqual(before);
  expect(await triggersOf(text, { a: "new", b: "2" })).not.toEqual(before);
  expect(await triggersOf(text, { a: "1", b: "new" })).not.toEqual(before);
});

test("a secret that the files do not name makes no difference", async () => {
  const before = await triggersOf("one=@@secret:a@@", { a: "1", b: "2" });
  expect(before).toHaveLength(2);
  expect(await triggersOf("one=@@secret:a@@", { a: "1", b: "new" })).toEqual(before);
  expect(await triggersOf("nothing", { a: "1", b: "2" })).toHaveLength(1);
});

test("a secret that the host does not have is an error of the program, before anything is applied", () => {
  expect(() => pickDigests(["a", "c"], { a: "1", b: "2" })).toThrow(
    'a bundle names the secret "c", which its host does not have',
  );
});

import * as pulumi from "@pulumi/pulumi";
import { record, type Registration } from "./support/recorded-program";

test("a program that throws fails its own test alone: nothing of it is under way any more", async () => {
  const registrations: Registration[] = [];
  const program = () => {
    const parent = new pulumi.ComponentResource("test:index:Parent", "parent");
    new pulumi.ComponentResource("test:index:Child", "child", {}, { parent });
    throw new Error("templates/redis/etc/redis/redis.conf.mustache is missing");
  };
  await expect(record(program, { registrations })).rejects.toThrow("is missing");
  expect(registrations.map(({ name }) => name)).toEqual(["parent", "child"]);
});

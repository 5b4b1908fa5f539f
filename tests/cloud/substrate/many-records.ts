/**
 * Makes and removes many records at the same time, and prints how many there were. For the network namespace of a cloud,
 * whose name is the argument; standard input: the key of its DNS server's API.
 */
import { readFileSync } from "node:fs";
import { dnsApi } from "../../../local-cloud/cloud/services";
import { PowerDns } from "../../../local-cloud/cloud/zones";

const names = Array.from({ length: 100 }, (_, number) => `n${number}.many.example`);

async function main(): Promise<void> {
  const dns = new PowerDns(process.argv[2]!, dnsApi, readFileSync(0, "utf8").trim());
  await dns.connect();
  await dns.create("many.example");
  const replaceAll = (contents: string[]) =>
    Promise.all(names.map((name) => dns.replace("many.example", { name, type: "A", ttl: 60, contents })));
  const count = async () => (await Promise.all(names.map((name) => dns.lookup(name, "A")))).flat().length;
  await replaceAll(["192.0.2.1"]);
  const made = await count();
  await replaceAll([]);
  const left = await count();
  await dns.remove("many.example");
  console.log(JSON.stringify({ made, left }));
}

main().catch((error: Error) => {
  console.error(error);
  process.exitCode = 1;
});

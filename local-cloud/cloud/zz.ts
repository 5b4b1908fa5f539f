import { startCloud, stopCloud } from "./lifecycle";
async function main() {
  const [, , what, cloud] = process.argv;
  if (what === "start") await startCloud(cloud!, console.log);
  else await stopCloud(cloud!, { purge: what === "purge" });
}
main().catch((e) => {
  console.error(e);
  process.exit(1);
});

/** The package as others get it: packed, installed in an empty folder by npm, with nothing of this project beside it. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { defaultTokens, zoneId } from "../../local-cloud/api";
import { startCloud, trustFile } from "../../local-cloud/cloud/lifecycle";
import { hostNamespace } from "../../local-cloud/places";
import { Peer } from "../../local-cloud/peer/peer";
import { System } from "../../local-cloud/peer/system";
import { linode, makeZone } from "./support/linode";
import { must, Outside, OutsideProgram, run, tracked, type Packed } from "./support/outside-program";
import { inTestCloud, testCloud } from "./support/servers";
import { underMail } from "./support/under-mail";

const domain = "library.example";
const cloud = { inCloud: inTestCloud, trustFile: trustFile(testCloud) };
const up = ["up", "--yes", "--skip-preview", "--stack", "dev"];
const install = ["npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];

describe("the library, installed in an empty folder", () => {
  const outside = new Outside();
  let packed: Packed;
  let folder: string;
  /** Of the stack on the real engine, once it is begun. */
  let program: OutsideProgram | undefined;
  let zone: number | undefined;
  /** Of the stack that `pulumi new` made, once it did. */
  let office: OutsideProgram | undefined;

  before(async () => {
    packed = await outside.pack();
    folder = outside.copy("library", packed.archive);
    await must(install, { cwd: folder });
  });
  after(async () => {
    const gone = await program?.inCloud(["destroy", "--yes", "--skip-preview", "--stack", "dev", "--remove"]);
    await office?.here(["stack", "rm", "--yes", "--force", "--stack", "dev"]);
    if (zone !== undefined) await linode(cloud, "DELETE", `domains/${zone}`);
    outside.remove();
    assert.equal(gone?.exitCode ?? 0, 0, gone?.text);
  });

  test("the package holds every template and program that a host gets, and nothing that is only this project's", async () => {
    const wanted = await tracked(
      "templates",
      "host/bootstrap.py",
      "host/mailstack/*.py",
      "host/plugins",
      "LICENSE",
      "README.md",
    );
    const missing = wanted.filter((file) => !packed.files.includes(file));
    assert.deepEqual(missing, []);
    // npm packs what `main` names, always; it is the entry of the component package.
    const known =
      /^(program\/plugin\.cjs$|lib\/|templates\/|host\/(bootstrap\.py$|mailstack\/|plugins\/)|(package\.json|LICENSE|README\.md|CHANGELOG\.md)$)/;
    assert.deepEqual(
      packed.files.filter((file) => !known.test(file) || file.includes("__pycache__")),
      [],
    );
  });

  test("its types resolve under nodenext, for CommonJS and for a module, with the declarations checked too", async () => {
    const module =
      'import { MailServer, parseSettings } from "mailstack";\nexport const all = { MailServer, parseSettings };\n';
    writeFileSync(join(folder, "module.mts"), module);
    const strict = {
      extends: "./tsconfig.json",
      compilerOptions: { skipLibCheck: false },
      files: ["index.ts", "module.mts"],
    };
    writeFileSync(join(folder, "strict.json"), JSON.stringify(strict));
    await must(["npx", "tsc", "--project", "strict.json"], { cwd: folder });
    // A checker that finds no types would have said nothing either.
    writeFileSync(join(folder, "module.mts"), module.replace("parseSettings }", "parseSettings: 1 + MailServer }"));
    const wrong = await run(["npx", "tsc", "--project", "strict.json"], { cwd: folder });
    assert.match(wrong.text, /module\.mts.*error TS/);
  });

  test("a module imports it, CommonJS requires it, and both get the same", async () => {
    const code = 'import * as it from "mailstack"; process.stdout.write(Object.keys(it).join())';
    const imported = (await must(["node", "--input-type=module", "--eval", code], { cwd: folder })).split(",");
    const required = await must(["node", "--eval", 'process.stdout.write(Object.keys(require("mailstack")).join())'], {
      cwd: folder,
    });
    const named = imported.filter((name) => name !== "default" && name !== "module.exports" && name !== "__esModule");
    assert.deepEqual(named.sort(), required.split(",").sort());
    assert.ok(named.includes("defineService"), required);
  });

  test("under Pulumi's mocks the example makes the mail server, with its own service before the firewall", async () => {
    await must(["npx", "tsc", "--noEmit", "false", "--outDir", "out"], { cwd: folder });
    cpSync(join(__dirname, "library-mocks"), folder, { recursive: true });
    await must(["node", "mocks.cjs"], { cwd: folder });
    const { registered, outputs } = JSON.parse(readFileSync(join(folder, "mocked.json"), "utf8")) as {
      registered: { type: string; name: string; stdin?: string }[];
      outputs: object;
    };
    assert.deepEqual(outputs, { hostname: `mail.example.org`, ipv4: "192.0.2.1" });
    const commands = registered.filter(({ type }) => type === "command:remote:Command").map(({ name }) => name);
    const own = commands.indexOf("mail-node-exporter");
    assert.ok(own > commands.indexOf("mail-postfix"), commands.join(" "));
    assert.ok(own < commands.indexOf("mail-ufw"), commands.join(" "));
    const program = registered.find(({ name }) => name === "mail-host-bootstrap")?.stdin ?? "";
    assert.ok("__main__.py" in (JSON.parse(program) as { files: object }).files);
  });

  test("on the real engine an up makes the host, with the program's own service on it, and a second one changes nothing", async () => {
    await startCloud(testCloud, console.error);
    zone = (await makeZone(cloud, domain)).id;
    program = await OutsideProgram.open(folder);
    await program.here(["stack", "select", "--create", "dev"]);
    const values = { domain, linodeDomainId: String(zone), protect: "false" };
    for (const [key, value] of Object.entries(values))
      await program.here(["config", "set", key, value, "--stack", "dev"]);
    await program.here(["config", "set", "--secret", "linodeToken", "--stack", "dev"], { input: defaultTokens.linode });
    const first = await program.inCloud(up);
    assert.equal(first.exitCode, 0, first.text);
    const host = await hostOf(await program.output("ipv4"));
    const ask = "import urllib.request as web; print(web.urlopen('http://127.0.0.1:9100/metrics').read().decode())";
    const metrics = await host.must(["python3", "-c", ask]);
    assert.match(metrics, /^node_memory_MemTotal_bytes /m);
    await host.must(["mailstack", "status"]);
    const second = await program.inCloud([...up, "--expect-no-changes"]);
    assert.equal(second.exitCode, 0, second.text);
  });

  test("with another name, DKIM selector and list of services: no mail bounces, and what is not listed is gone", async () => {
    const index = join(folder, "index.ts");
    const changes = [
      ["services: [exporter]", "services: []"],
      ["parseSettings({", 'parseSettings({ hostname: `mx.${domain}`, dkimSelector: "newkey",'],
    ] as const;
    for (const [from, to] of changes) {
      const text = readFileSync(index, "utf8");
      assert.ok(text.includes(from), text);
      writeFileSync(index, text.replace(from, to));
    }
    const address = await program!.output("ipv4");
    const host = await hostOf(address);
    const peer = new Peer(testCloud);
    await underMail(peer, [`admin@${domain}`], async () => {
      const first = await program!.inCloud(up);
      assert.equal(first.exitCode, 0, first.text);
    });
    const unit = await host.exec(["systemctl", "is-active", "prometheus-node-exporter.service"]);
    assert.equal(unit.stdout.trim(), "inactive");
    const verified = await host.exec(["mailstack", "verify", "node-exporter"]);
    assert.match(verified.stdout, /node-exporter was never applied/);
    const ask = async (name: string, type: string) =>
      (await inTestCloud(["dig", "+short", name, type])).stdout.split("\n").filter(Boolean);
    assert.deepEqual(await ask(domain, "MX"), [`10 mx.${domain}.`]);
    for (const name of ["mx", "mail"]) assert.deepEqual(await ask(`${name}.${domain}`, "A"), [address]);
    for (const selector of ["newkey", "mail1"])
      assert.match((await ask(`${selector}._domainkey.${domain}`, "TXT"))[0] ?? "", /^"v=DKIM1;/);
    const subject = `signed ${Date.now()}`;
    const input = `From: root@${domain}\nSubject: ${subject}\n\nhello\n`;
    await host.must(["sendmail", "-f", `root@${domain}`, "friend@peer.example"], { input });
    const { verdicts, headers } = await peer.received({ subject });
    assert.equal(verdicts?.dkim, "pass");
    assert.match(headers["dkim-signature"]?.join() ?? "", /s=newkey/);
    const second = await program!.inCloud([...up, "--expect-no-changes"]);
    assert.equal(second.exitCode, 0, second.text);
    await host.must(["mailstack", "status"]);
  });

  test("pulumi new asks for what the template needs, keeps tokens secret, and its project plans the mail server", async () => {
    await startCloud(testCloud, console.error);
    const template = outside.copy("mailstack", packed.archive);
    const place = join(outside.folder, "new");
    mkdirSync(place);
    const asking = await OutsideProgram.open(place);
    const answers = {
      "Project name": "office",
      "Project description": "Our mail",
      "Stack name": "dev",
      "(mailstack:domain)": "third.example",
      "(mailstack:administrator)": "admin@third.example",
      "(mailstack:cloudflareZoneId)": zoneId("third.example"),
      "(mailstack:region)": "eu-central",
      "(mailstack:cloudflareApiToken)": defaultTokens.cloudflare,
      "(mailstack:linodeToken)": defaultTokens.linode,
    };
    await asking.asked(["new", template], answers);
    office = asking;
    const stack = readFileSync(join(place, "Pulumi.dev.yaml"), "utf8");
    assert.match(stack, /mailstack:domain: third\.example/);
    for (const token of Object.values(defaultTokens)) assert.ok(!stack.includes(token), stack);
    assert.doesNotMatch(readFileSync(join(place, "package.json"), "utf8"), /\$\{/);
    const preview = await office.inCloud(["preview", "--stack", "dev"]);
    assert.equal(preview.exitCode, 0, preview.text);
    assert.match(preview.text, /mailstack:index:MailServer +mail +create/);
    assert.match(preview.text, /cloudflare:index:DnsRecord +mail-dns-mx +create/);
  });
});

/** The host of the cloud with this address. */
async function hostOf(address: string): Promise<System> {
  const listed = await linode<{ data: { id: number; ipv4: string[] }[] }>(cloud, "GET", "linode/instances");
  const found = listed.data.find(({ ipv4 }) => ipv4.includes(address));
  assert.ok(found, JSON.stringify(listed));
  return new System(hostNamespace(testCloud, `linode-${found.id}`));
}

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { cacheFolder } from "../places";
import { must } from "./command";

/** Ten years: the root outlives every image that trusts it. */
const rootDays = "3650";

const folder = join(cacheFolder, "ca");
const key = join(folder, "root.key");
/** Root certificate of this machine's local clouds, PEM. Part of every image. */
export const rootCertificate = join(folder, "root.crt");

/** Makes the local root authority once; its key stays with root. Whoever comes at the same time gets the same one. */
export async function ensureAuthority(): Promise<void> {
  if (existsSync(rootCertificate)) return;
  mkdirSync(cacheFolder, { recursive: true });
  const work = mkdtempSync(`${folder}-`);
  const made = (path: string) => join(work, basename(path));
  await must(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", made(key)]);
  const subject = ["-subj", "/CN=Mailstack local cloud root"];
  const usage = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
  const extensions = usage.flatMap((text) => ["-addext", text]);
  const how = ["-new", "-key", made(key), "-sha256", "-days", rootDays, ...subject, ...extensions];
  await must(["openssl", "req", "-x509", ...how, "-out", made(rootCertificate)]);
  try {
    // Key and certificate in one step.
    renameSync(work, folder);
  } catch (error) {
    rmSync(work, { recursive: true });
    if (!existsSync(rootCertificate)) throw error;
  }
}

/**
 * A server certificate for these names, the same one at every call.
 * @param place - Folder that keeps it.
 */
export async function certificateFor(place: string, names: string[]): Promise<{ cert: string; key: string }> {
  const base = join(place, names[0]!.replace("*", "any"));
  if (!existsSync(`${base}.crt`)) {
    mkdirSync(place, { recursive: true, mode: 0o700 });
    const isAddress = (name: string) => /^[0-9.]+$/.test(name);
    const names_ = names.map((name) => `${isAddress(name) ? "IP" : "DNS"}:${name}`).join(",");
    writeFileSync(`${base}.ext`, `subjectAltName=${names_}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n`);
    await must(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", `${base}.key`]);
    await must(["openssl", "req", "-new", "-key", `${base}.key`, "-subj", `/CN=${names[0]}`, "-out", `${base}.csr`]);
    const sign = ["openssl", "x509", "-req", "-in", `${base}.csr`, "-CA", rootCertificate, "-CAkey", key];
    await must([...sign, ...serial(), "-days", "800", "-sha256", "-extfile", `${base}.ext`, "-out", `${base}.crt.new`]);
    renameSync(`${base}.crt.new`, `${base}.crt`);
  }
  return { cert: readFileSync(`${base}.crt`, "utf8"), key: readFileSync(`${base}.key`, "utf8") };
}

/**
 * Another authority's root, signed by the local root: whoever trusts the local root then trusts that authority too.
 * @param root - Its own certificate, PEM.
 * @param place - Folder for the work.
 * @returns the cross-signed certificate, PEM.
 */
export async function crossSign(root: string, place: string): Promise<string> {
  const made = (name: string) => join(place, `cross.${name}`);
  writeFileSync(made("root"), root);
  writeFileSync(made("public"), await must(["openssl", "x509", "-in", made("root"), "-noout", "-pubkey"]));
  const subject = await must(["openssl", "x509", "-in", made("root"), "-noout", "-subject", "-nameopt", "compat"]);
  const extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";
  writeFileSync(made("ext"), extensions);
  const name = ["-new", "-force_pubkey", made("public"), "-subj", subject.trim().replace(/^subject=\s*/, "")];
  const signer = ["-CA", rootCertificate, "-CAkey", key, ...serial(), "-extfile", made("ext")];
  return must(["openssl", "x509", ...name, ...signer, "-days", "800", "-sha256"]);
}

/** A serial number of its own (RFC 5280, section 4.1.2.2), not the next one of a file: clouds may start at the same time. */
function serial(): string[] {
  return ["-set_serial", `0x01${randomBytes(15).toString("hex")}`];
}

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utils } from "ssh2";
import { deriveSshKey } from "../../components/deployment/ssh-key";

const seed = "a".repeat(64);

test("the same seed gives the same key, another seed another", () => {
  expect(deriveSshKey(seed)).toEqual(deriveSshKey(seed));
  expect(deriveSshKey("b".repeat(64)).publicKey).not.toBe(deriveSshKey(seed).publicKey);
});

test("OpenSSH reads the private key and finds the same public key", () => {
  const key = deriveSshKey(seed);
  const folder = mkdtempSync(join(tmpdir(), "mailstack-key-"));
  try {
    const file = join(folder, "key");
    writeFileSync(file, key.privateKey, { mode: 0o600 });
    expect(execFileSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).trim()).toBe(key.publicKey);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the ssh2 library reads it too", () => {
  const parsed = utils.parseKey(deriveSshKey(seed).privateKey);
  expect(parsed).not.toBeInstanceOf(Error);
});

test("a short secret is refused", () => {
  expect(() => deriveSshKey("AAAA")).toThrow("at least 43 characters, this one has 4");
});

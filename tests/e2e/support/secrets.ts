import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Server } from "./servers";

/** What each secret is, and the texts by which it is recognised. Names may be printed, texts never. */
export type Secrets = Map<string, string[]>;

/** Shorter texts are not random enough to be looked for: they would be found by chance. */
const shortest = 16;
/** How Pulumi marks a secret in a state that is exported with its secrets. */
const mark = "4dabf18193072939515e22adb298388d";

/** Secrets that only the deploying machine has: none of them may be on the host, not even for root. */
export async function deployerSecrets(server: Server): Promise<Secrets> {
  const secrets: Secrets = new Map();
  add(secrets, "passphrase of the state", readFileSync(join(server.stack.folder, "passphrase"), "utf8"));
  const config = await server.stack.pulumi(["config", "--show-secrets", "--json"]);
  for (const [key, entry] of Object.entries(JSON.parse(config.stdout) as Record<string, ConfigEntry>))
    if (entry.secret) add(secrets, key, entry.value ?? "");
  const state = await server.stack.pulumi(["stack", "export", "--show-secrets"]);
  const { deployment } = JSON.parse(state.stdout) as { deployment: { resources: { urn: string }[] } };
  for (const resource of deployment.resources) addMarked(secrets, resource.urn.split("::").at(-1)!, resource);
  return secrets;
}

/** Secrets of the host itself: private keys, what it was given, users' first passwords and hashes of all passwords. */
export async function hostSecrets(server: Server): Promise<Secrets> {
  const secrets: Secrets = new Map();
  const files = (command: string) => server.system.must(["sh", "-c", command]).then((text) => text.trim().split("\n"));
  const keys = await files("grep -rl 'PRIVATE KEY-----' /etc /var/lib --exclude-dir=cloud");
  const given = await files("find /etc/mailstack/secrets /etc/mailstack/initial-passwords -type f");
  for (const file of [...keys, ...given]) add(secrets, file, await server.system.must(["cat", file]));
  const query = "import sqlite3; print(*(row[0] for row in sqlite3.connect('/var/lib/mailserver/mail.db').execute(";
  const hashes = await server.system.must(["python3", "-c", `${query}'SELECT password FROM users')), sep='\\n')`]);
  add(secrets, "passwords' hashes", hashes.replace(/^\{.*?\}/gm, ""));
  return secrets;
}

interface ConfigEntry {
  value?: string;
  secret: boolean;
}

/** Adds all texts below a value that Pulumi marked as secret. */
function addMarked(secrets: Secrets, name: string, value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const { plaintext } = value as { plaintext?: string };
  if (mark in value && plaintext !== undefined) {
    addTexts(secrets, name, JSON.parse(plaintext));
    return;
  }
  for (const [key, below] of Object.entries(value)) addMarked(secrets, name.split(" ")[0] + ` ${key}`, below);
}

function addTexts(secrets: Secrets, name: string, value: unknown): void {
  if (typeof value === "string") add(secrets, name, value);
  else if (typeof value === "object" && value !== null)
    for (const below of Object.values(value)) addTexts(secrets, name, below);
}

/** Adds a text, the texts in it when it is JSON or base64, and of a private key each line that is its own. */
function add(secrets: Secrets, name: string, text: string): void {
  const found = texts(text);
  if (found.length > 0) secrets.set(name, [...new Set([...(secrets.get(name) ?? []), ...found])]);
}

function texts(text: string): string[] {
  const trimmed = text.trim();
  if (trimmed.includes("PRIVATE KEY-----")) return keyLines(trimmed);
  if (trimmed.startsWith('{"'))
    return Object.values(JSON.parse(trimmed) as object).flatMap((one) => texts(String(one)));
  if (/^[A-Za-z0-9+/=]{100,}$/.test(trimmed)) return texts(Buffer.from(trimmed, "base64").toString());
  const lines = trimmed.split("\n").map((line) => line.trim());
  return lines.filter((line) => line.length >= shortest && !line.startsWith("ssh-ed25519 "));
}

/** Lines of a private key that nobody can make from its public key or its format alone. */
function keyLines(pem: string): string[] {
  const block = /PRIVATE KEY-----(.*?)-----END/s.exec(pem);
  assert.ok(block, "half a private key");
  const open = pem.includes("BEGIN OPENSSH")
    ? Buffer.alloc(0)
    : createPublicKey(pem).export({ type: "spki", format: "der" });
  const lines = block[1]!.split("\n").map((line) => line.trim());
  const own = lines.filter((line) => line.length >= shortest).slice(1);
  const secret = own.filter((line) => !open.includes(Buffer.from(line, "base64")));
  assert.ok(secret.length > 0, "a private key without a secret line");
  return secret;
}

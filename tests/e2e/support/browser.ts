import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Module } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { BrowserContext } from "playwright-core";
import { inCloud } from "../../../local-cloud/cloud/lifecycle";
import { ensurePackages } from "../../../local-cloud/images/machine";
import { testCloud, type Server } from "./servers";

const program = "/usr/bin/chromium";
const certutil = "/usr/bin/certutil";

/** A real browser inside the cloud, which trusts the cloud's authorities and knows nothing else of this machine. */
export interface Browser {
  context: BrowserContext;
  close(): Promise<void>;
}

/** tsx makes a program out of each JSON file that is required, and Playwright requires its own: here they stay data. */
async function playwright(): Promise<typeof import("playwright-core")> {
  const loaders = (Module as unknown as { _extensions: Record<string, (module: NodeJS.Module, file: string) => void> })
    ._extensions;
  loaders[".json"] = (module, file) => {
    module.exports = JSON.parse(readFileSync(file, "utf8"));
  };
  return import("playwright-core");
}

/** Starts Debian's Chromium without a window; installs it first where it is missing. */
export async function openBrowser(server: Server): Promise<Browser> {
  await ensurePackages({ [program]: "chromium", [certutil]: "libnss3-tools" }, console.error);
  const home = mkdtempSync(join(tmpdir(), "mailstack-browser-"));
  const remove = () => rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  try {
    await trust(home, server.trustFile);
    const start = join(home, "start");
    writeFileSync(start, `#!/bin/sh\nexec ${inCloud(testCloud, [program]).join(" ")} "$@"\n`);
    chmodSync(start, 0o755);
    const { chromium } = await playwright();
    const context = await chromium.launchPersistentContext(join(home, "profile"), {
      executablePath: start,
      headless: true,
      chromiumSandbox: false,
      env: { HOME: home, PATH: process.env.PATH ?? "" },
      viewport: { width: 1200, height: 760 },
      locale: "en-US",
      args: ["--disable-gpu", "--disable-quic", "--disable-component-update", "--disable-sync"],
    });
    return {
      context,
      close: async () => {
        await context.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Puts the cloud's authorities into the browser's own list. They are the first ones of the file. */
async function trust(home: string, trustFile: string): Promise<void> {
  const folder = join(home, ".pki/nssdb");
  await execa("mkdir", ["-p", folder]);
  await execa(certutil, ["-N", "--empty-password", "-d", `sql:${folder}`]);
  const pattern = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n?/g;
  const own = readFileSync(trustFile, "utf8").match(pattern)?.slice(0, 2) ?? [];
  for (const [index, certificate] of own.entries())
    await execa(certutil, ["-A", "-d", `sql:${folder}`, "-n", `cloud ${index}`, "-t", "C,,"], { input: certificate });
}

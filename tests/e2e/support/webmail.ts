import { join } from "node:path";
import type { FrameLocator, Page } from "playwright-core";
import type { Browser } from "./browser";
import type { Server } from "./servers";

/** The webmail as its user sees it, in a browser. */
export class Webmail {
  private constructor(
    readonly page: Page,
    private readonly address: string,
  ) {}

  /** A new window at the login page. */
  static async open(browser: Browser, server: Server): Promise<Webmail> {
    const page = await browser.context.newPage();
    // Another run may have the machine.
    page.setDefaultTimeout(120_000);
    const webmail = new Webmail(page, `https://webmail.${server.domain}/`);
    await page.goto(webmail.address);
    return webmail;
  }

  /** Fills in the form; what comes of it is for the caller to see. */
  async logIn({ user, password }: { user: string; password: string }): Promise<void> {
    await this.page.fill("#rcmloginuser", user);
    await this.page.fill("#rcmloginpwd", password);
    await this.page.click("#rcmloginsubmit");
    await this.page.waitForLoadState();
  }

  async logOut(): Promise<void> {
    await this.page.click("a.logout");
    await this.page.waitForSelector("#rcmloginuser");
  }

  /** The message as the user reads it beside the list. */
  async read(folder: string, subject: string): Promise<FrameLocator> {
    await this.go({ task: "mail", mbox: folder });
    await this.page.locator("#messagelist .subject", { hasText: subject }).first().click();
    return this.page.frameLocator("#messagecontframe");
  }

  /** Writes a mail, attaches a file from memory, and waits until the server took it. */
  async send(to: string, subject: string, text: string, file?: { name: string; content: Buffer }): Promise<void> {
    await this.go({ task: "mail", action: "compose", to, subject });
    await this.page.fill("#composebody", text);
    if (file) {
      const { name, content: buffer } = file;
      const attached = this.page.locator("#attachment-list li:not(.uploading)", { hasText: name });
      await this.page.setInputFiles("#uploadformInput", { name, mimeType: "application/octet-stream", buffer });
      await attached.waitFor({ timeout: 120_000 });
      await this.picture("compose");
    }
    await this.page.click("button.send");
    await this.page.waitForURL((url) => !url.search.includes("compose"), { timeout: 120_000 });
  }

  /** @returns what the webmail says to a mail that it cannot send. */
  async sendInVain(to: string, subject: string): Promise<string> {
    await this.go({ task: "mail", action: "compose", to, subject });
    await this.page.fill("#composebody", "Hello.");
    await this.page.click("button.send");
    return this.said();
  }

  /** @returns path of a zip file with all attachments of the message that is read. */
  async allFiles(): Promise<string> {
    const download = this.page.waitForEvent("download");
    await this.page.frameLocator("#messagecontframe").locator("a.zipdownload").click();
    return (await download).path();
  }

  /** Puts away the message that is read. */
  async archive(): Promise<void> {
    await this.page.click("#toolbar-menu a.archive");
  }

  /** A rule: what has this in its subject goes to the folder. */
  async file(word: string, folder: string): Promise<void> {
    await this.go({ task: "settings", action: "plugin.managesieve" });
    await this.page.click("a.create");
    const form = this.page.frameLocator("#filter-box");
    await form.locator("#_name").fill(`${word} to ${folder}`);
    await form.locator("#header0").selectOption("Subject");
    await form.locator('input[name="_rule_target[0][]"]').fill(word);
    await form.locator("#action_type0").selectOption("fileinto");
    await form.locator('select[name="_action_mailbox[0]"]').selectOption(folder);
    await this.picture("filter");
    await form.locator("button.submit").click();
    await this.page.locator("#filterslist", { hasText: word }).waitFor();
  }

  /** @returns what the webmail says to it. */
  async changePassword(old: string, wanted: string): Promise<string> {
    await this.go({ task: "settings", action: "plugin.password" });
    await this.page.fill("#curpasswd", old);
    await this.page.fill("#newpasswd", wanted);
    await this.page.fill("#confpasswd", wanted);
    await this.page.click("button.submit");
    return this.said();
  }

  /** The message in the corner. */
  async said(): Promise<string> {
    const box = this.page.locator("#messagestack .alert:not(.loading)").first();
    await box.waitFor();
    return (await box.textContent()) ?? "";
  }

  /** For the documentation, when MAILSTACK_SCREENSHOTS names a folder. */
  async picture(name: string): Promise<void> {
    const folder = process.env.MAILSTACK_SCREENSHOTS;
    if (folder) await this.page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
  }

  private async go(query: Record<string, string>): Promise<void> {
    const words = Object.entries(query).map(([key, value]): [string, string] => [`_${key}`, value]);
    await this.page.goto(`${this.address}?${new URLSearchParams(words)}`);
  }
}

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openBrowser, type Browser } from "./support/browser";
import { imap } from "./support/imap";
import { everySystem, serverFor, type Server } from "./support/servers";
import { Webmail } from "./support/webmail";

const user = "support";

for (const os of everySystem) {
  describe(`pages of the webmail on ${os}`, () => {
    let server: Server;
    let browser: Browser;
    const site = () => `https://webmail.${server.domain}`;

    before(async () => {
      server = await serverFor(os);
      browser = await openBrowser(server);
    });
    after(async () => {
      await browser?.close();
    });

    const head = async (url: string) => {
      const ask = ["curl", "--silent", "--include", "--cacert", server.trustFile, url];
      return (await server.inCloud(ask)).stdout.replaceAll("\r", "");
    };

    test("each answer of each site has the headers that keep browsers in", async () => {
      const paths = ["/", "/robots.txt", "/no-such-page", "/skins/elastic/images/logo.svg"].map(
        (path) => site() + path,
      );
      const others = [`https://autoconfig.${server.domain}/mail/config-v1.1.xml`, `https://${server.hostname}/`];
      for (const url of [...paths, ...others]) {
        const told = await head(url);
        for (const name of ["strict-transport-security", "x-content-type-options", "referrer-policy", "x-robots-tag"])
          assert.match(told, new RegExp(`^${name}: `, "m"), `${name} of ${url}`);
        assert.equal(told.match(/^content-security-policy: .*default-src 'none'/gm)?.length, 1, url);
      }
    });

    test("robots are kept out, and the pictures that Roundcube tries browsers with are there", async () => {
      assert.match(await head(`${site()}/robots.txt`), /^HTTP\/2 200[^]*\nDisallow: \/$/m);
      for (const name of ["blank.tiff", "blank.webp", "dummy.pdf"])
        assert.match(await head(`${site()}/program/resources/${name}`), /^HTTP\/2 200/, name);
    });

    test("its pages work within their policy, and a script in a mail does not run", async () => {
      const refused: string[] = [];
      const webmail = await Webmail.open(browser, server);
      webmail.page.on("console", (line) => {
        if (/Content.Security.Policy/i.test(line.text())) refused.push(`${webmail.page.url()}: ${line.text()}`);
      });
      const subject = server.unique("pictures");
      const html =
        '<html><head><style>p { color: red }</style></head><body><p style="font-weight: bold" id="said">hello</p>' +
        `<img src="https://webmail.${server.domain}/skins/elastic/images/logo.svg?elsewhere">` +
        '<script>document.title = "taken"</script></body></html>';
      await server.system.must(["doveadm", "save", "-u", server.address(user), "-m", "INBOX"], {
        input: `From: friend@peer.example\nSubject: ${subject}\nMIME-Version: 1.0\nContent-Type: text/html\n\n${html}\n`,
      });
      await webmail.logIn(await server.login(user));
      const message = await webmail.read("INBOX", subject);
      await message.getByText("hello").waitFor();
      await message.locator("#remote-objects-message a, #remote-objects-message button").first().click();
      await message.locator("img[src*=elsewhere]").waitFor();
      assert.doesNotMatch(await webmail.page.title(), /taken/);
      for (const query of [
        "_task=mail&_action=compose&_html=1",
        "_task=settings&_action=preferences",
        "_task=settings&_action=folders",
        "_task=settings&_action=plugin.managesieve",
        "_task=settings&_action=plugin.managesieve-vacation",
        "_task=settings&_action=plugin.password",
        "_task=addressbook",
      ]) {
        await webmail.page.goto(`${site()}/?${query}`);
        await webmail.page.waitForLoadState("networkidle");
      }
      assert.deepEqual(refused, []);
      await webmail.page.close();
    });

    test("a folder is shared in the webmail, and its other reader finds it there", async () => {
      const owner = server.address(user);
      const reader = server.address("tech");
      await imap(server, user, [["create", '"Dr. Jones"']]);
      try {
        const webmail = await Webmail.open(browser, server);
        if (await webmail.page.locator("#rcmloginuser").count()) {
          await webmail.logIn(await server.login(user));
          await webmail.page.waitForURL(/_task=mail/);
        }
        await webmail.page.goto(`${site()}/?_task=settings&_action=edit-folder&_mbox=Dr.%20Jones&_framed=1`);
        await webmail.page.locator("#acltable").waitFor({ state: "attached" });
        await imap(server, user, [["setacl", '"Dr. Jones"', reader, "lrs"]]);
        const [listed] = await imap(server, "tech", [["list", '""', '"Other Users/*"']]);
        assert.match(listed!, new RegExp(`"Other Users/${owner}/Dr. Jones"`));
        const read = await imap(server, "tech", [["status", `"Other Users/${owner}/Dr. Jones"`, "(MESSAGES)"]]);
        assert.match(read[0]!, /MESSAGES 0/);
        assert.ok(!(await imap(server, "ceo", [["list", '""', '"*"']]))[0]!.includes(owner));
        await assert.rejects(imap(server, "ceo", [["select", `"Other Users/${owner}/Dr. Jones"`]]), /NO .*exist/);
      } finally {
        await imap(server, user, [["delete", '"Dr. Jones"']]);
      }
    });
  });
}

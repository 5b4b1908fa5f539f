import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { reloadNginx } from "./support/nginx";
import { everySystem, serverFor, type Server } from "./support/servers";
import { until } from "./support/until";

const site = "/etc/nginx/sites-enabled/other-site";
const home = "/home/other";
const folder = "/srv/other";

/** What others have on the same nginx: files in /home, uploads to /srv, a program behind a socket in /tmp, PHP. */
const configuration = `server {
  listen 80;
  server_name other.example;
  access_log ${folder}/access.log;
  location /home/ { alias ${home}/; }
  location /upload/ { alias ${folder}/; dav_methods PUT; client_body_temp_path ${folder}/temp; }
  location /app/ { proxy_pass http://unix:/tmp/other.sock:/; }
  location = /page.php {
    include fastcgi.conf;
    fastcgi_param SCRIPT_FILENAME ${folder}/page.php;
    fastcgi_pass unix:/run/php/php-fpm.sock;
  }
}
`;

/** A program that may open raw sockets, as Debian 12's ping may. The value: capability(7), a file's, with CAP_NET_RAW. */
const makeRaw = `import os, shutil, struct
shutil.copy("/bin/true", "${folder}/raw")
os.setxattr("${folder}/raw", "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))
`;

/** PHP that keeps files where sites of others do, starts a program, and sends mail. */
const page = (to: string) => `<?php
foreach (["${folder}", "/tmp", "/etc/other"] as $where) {
  if (file_put_contents("$where/by-php", "kept") !== 4) exit("not written: $where");
}
exec("${folder}/raw", $words, $code);
if ($code !== 0) exit("raw: $code");
exit(mail("${to}", $_GET["subject"], "hello") ? "all done" : "not sent");
`;

for (const os of everySystem) {
  describe(`sites of others on ${os}, beside ours`, () => {
    let server: Server;
    const shell = (script: string) => server.system.must(["sh", "-ec", script]);
    const put = (path: string, text: string) => server.system.must(["tee", path], { input: text });
    const curl = async (path: string, ...words: string[]) => {
      const resolve = ["--resolve", `other.example:80:${server.ipv4}`];
      const got = await server.inCloud(["curl", "-sS", ...resolve, ...words, `http://other.example${path}`]);
      return got.stdout + got.stderr;
    };

    before(async () => {
      server = await serverFor(os);
      await shell(`mkdir -p ${home} ${folder}/temp /etc/other; echo of a home > ${home}/page
        mkdir -p /tmp/other-root; echo of a program > /tmp/other-root/page
        chown www-data: ${folder} ${folder}/temp /etc/other`);
      await put(`${folder}/page.php`, page(server.address("ceo")));
      await server.system.must(["python3", "-c", makeRaw]);
      const program = `import http.server, os, socket, socketserver
os.chdir("/tmp/other-root")
class Handler(http.server.SimpleHTTPRequestHandler):
    def address_string(self): return "nginx"
server = socketserver.UnixStreamServer("/tmp/other.sock", Handler)
os.chmod("/tmp/other.sock", 0o666)
server.serve_forever()
`;
      await put("/tmp/other-root/program.py", program);
      await shell("systemd-run --quiet --unit=other-program python3 /tmp/other-root/program.py");
      await put(site, configuration);
      await reloadNginx(server);
      await until("the site answers", async () => (await curl("/home/page")).startsWith("of a home"));
    });
    after(async () => {
      await shell(`rm -f ${site}; systemctl reload nginx; systemctl stop other-program
        rm -rf ${home} ${folder} /etc/other /tmp/other-root /tmp/other.sock /tmp/by-php`);
    });

    test("nginx's sandbox lets them read /home, write to /srv, log there, and ask a socket in /tmp", async () => {
      const code = await curl("/upload/file", "--request", "PUT", "--data-binary", "of a guest", "-w", "%{http_code}");
      assert.equal(code, "201");
      assert.equal(await shell(`cat ${folder}/file`), "of a guest");
      assert.equal(await curl("/app/page"), "of a program");
      assert.match(await shell(`cat ${folder}/access.log`), /PUT \/upload\/file/);
    });

    test("PHP's sandbox lets them write where they have rights, start programs, and send mail", async () => {
      const subject = `by-php-${Date.now()}`;
      assert.equal(await curl(`/page.php?subject=${subject}`), "all done");
      assert.match(await server.imapFind("ceo", subject), /\d/);
    });

    test("both sandboxes keep what nobody's site needs: /usr and the kernel's settings", async () => {
      for (const unit of ["nginx.service", "php*-fpm.service"]) {
        const words = `systemctl show --value -p MainPID '${unit}' | grep -v '^0$'`;
        const inside = `nsenter -t $(${words}) -m sh -c 'touch /usr/own; echo 1 > /proc/sys/kernel/printk'`;
        const tried = await server.system.exec(["sh", "-c", `${inside} 2>&1`]);
        assert.match(tried.stdout, /'\/usr\/own': Read-only file system/);
        assert.match(tried.stdout, /printk: Read-only file system/);
      }
    });
  });
}

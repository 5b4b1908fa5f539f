import assert from "node:assert/strict";
import type { Server } from "./servers";

const configuration = "/etc/ssl/openssl.cnf";
const kept = `${configuration}.before-test`;

/** No oldest version and no weakest cipher: whatever a program leaves to OpenSSL is allowed. */
const lenient = `
openssl_conf = everything
[everything]
ssl_conf = programs
[programs]
system_default = allowed
[allowed]
MinProtocol = None
CipherString = ALL:eNULL:@SECLEVEL=0
`;

/** Answers TLS on a port of the host as its OpenSSL does by itself; prints what this client then agrees on. */
const control = `
cd "$(mktemp -d)"
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -subj /CN=control -days 1 2>/dev/null
openssl s_server -accept 127.0.0.1:4433 -key key -cert certificate -quiet >server 2>&1 &
server=$!
trap 'kill $server' EXIT
until openssl s_client -connect 127.0.0.1:4433 </dev/null >/dev/null 2>&1; do kill -0 $server; sleep 0.1; done
openssl s_client -connect 127.0.0.1:4433 "$@" </dev/null 2>&1 || :
`;

/**
 * Lets the host's OpenSSL take every version and cipher, and restarts the daemons. Debian's own setting would refuse old
 * TLS whatever theirs say, so that nothing could be seen of them. @returns what puts it back
 */
export async function allowOldTls(server: Server): Promise<() => Promise<void>> {
  const restart = `systemctl restart ${server.postfixUnit} dovecot.service nginx.service`;
  const shell = (script: string, input = "") => server.system.must(["sh", "-ec", script], { input });
  await shell(`test -e ${kept} || cp -a ${configuration} ${kept}; cat > ${configuration}; ${restart}`, lenient);
  return async () => void (await shell(`mv ${kept} ${configuration}; ${restart}`));
}

/** A program of the host that sets nothing agrees to this. @throws AssertionError when it does not */
export async function assertAllowed(server: Server, options: string[]): Promise<void> {
  const talk = await server.system.must(["sh", "-ec", control, "sh", ...options]);
  assert.doesNotMatch(talk, /Cipher is \(NONE\)/, `${options.join(" ")}: ${talk.slice(-600)}`);
  assert.match(talk, /Cipher is \S/, talk.slice(-600));
}

import { Agent, request as send } from "node:https";
import { text as collect } from "node:stream/consumers";
import { limitedDirectory } from "./acme-limits";
import type { App } from "./app";
import { without } from "./without";

/**
 * Let's Encrypt's public name in front of Pebble. `Host` is kept, so that the addresses in Pebble's answers, and the
 * signed addresses in requests, have the public name; all else passes unchanged in both directions.
 * @param upstream Pebble's own address, for example `https://127.0.0.1:14000`.
 * @param crossSigned Pebble's root as the cloud's own root has signed it, PEM: ends every chain, since Pebble makes a
 *   new root at each start and nobody could know it.
 */
export function acmeProxy(app: App, upstream: string, crossSigned?: string): void {
  const { hostname, port } = new URL(upstream);
  // Pebble has a certificate of its own test authority; it listens on an address of this cloud only.
  const agent = new Agent({ rejectUnauthorized: false, keepAlive: true });
  app.addHook("onClose", () => agent.destroy());

  // Signed requests must arrive byte for byte.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  limitedDirectory(app);

  app.route({
    method: ["GET", "HEAD", "POST"],
    url: "/*",
    exposeHeadRoute: false,
    handler: (request, reply) => {
      const { "*": rest } = request.params as { "*": string };
      // Pebble's directory is at /dir; Let's Encrypt's at /directory.
      const query = request.raw.url!.split("?")[1];
      const path = (rest === "directory" ? "/dir" : `/${rest}`) + (query === undefined ? "" : `?${query}`);
      const headers = without(request.headers, "transfer-encoding", "connection");
      const outgoing = send({ hostname, port, path, method: request.method, headers, agent }, (answer) => {
        const kept = without(answer.headers, "transfer-encoding", "connection", "keep-alive");
        reply.code(answer.statusCode ?? 502).headers(kept);
        if (crossSigned && answer.headers["content-type"]?.includes("pem-certificate-chain"))
          void collect(answer).then((chain) =>
            reply.removeHeader("content-length").send(`${chain.trimEnd()}\n${crossSigned.trim()}\n`),
          );
        else reply.send(answer);
      });
      outgoing.on("error", (error) => {
        const detail = `The local cloud's ACME server does not answer: ${error.message}`;
        reply
          .code(502)
          .type("application/problem+json")
          .send({ type: "urn:ietf:params:acme:error:serverInternal", detail });
      });
      outgoing.end(request.body as Buffer | undefined);
      return reply;
    },
  });
}

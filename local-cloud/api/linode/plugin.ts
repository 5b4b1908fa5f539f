import type { FastifyError, FastifyRequest } from "fastify";
import type { App } from "../app";
import { readJson } from "../json-body";
import { accountRoutes, catalogRoutes } from "./account";
import type { LinodeContext } from "./context";
import { domainRoutes } from "./domains";
import { LinodeError } from "./errors";
import { eventRoutes } from "./events";
import { firewallRoutes } from "./firewalls";
import { instanceRoutes } from "./instances";
import { ipRoutes } from "./ips";
import { bucketRoutes } from "./object-buckets";
import { objectKeyRoutes } from "./object-keys";
import { volumeRoutes } from "./volumes";

function requireToken(tokens: string[], header: string | undefined): void {
  const token = /^Bearer (\S+)$/i.exec(header ?? "")?.[1];
  if (token === undefined || !tokens.includes(token)) throw new LinodeError(401, [{ reason: "Invalid Token" }]);
}

/** The Linode API, version 4. `taken`: zones of another DNS provider in the same cloud. */
export function linodeApi(app: App, context: LinodeContext, tokens: string[], taken: string[]): void {
  readJson(app);
  app.setErrorHandler((error: FastifyError | LinodeError, request, reply) => {
    if (error instanceof LinodeError) return reply.code(error.status).send({ errors: error.errors });
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return reply.code(error.statusCode).send({ errors: [{ reason: error.message }] });
    }
    context.log(`${request.method} ${request.url} failed: ${error.stack ?? error.message}`);
    return reply.code(500).send({ errors: [{ reason: `The local cloud failed: ${error.message}` }] });
  });
  // 404 would make a client believe that its resource is gone; this says that the cloud does not know the call.
  app.setNotFoundHandler((request: FastifyRequest, reply) =>
    reply
      .code(501)
      .send({ errors: [{ reason: `The local cloud does not emulate ${request.method} ${request.originalUrl}` }] }),
  );

  app.addHook("onSend", async (_request, reply) => {
    // Without the character set that fastify adds: the vendor's Go client takes nothing else for JSON.
    reply.header("content-type", "application/json");
  });

  app.register(async (open) => {
    open.addHook("onRequest", async ({ headers }) => {
      if (headers.authorization !== undefined) requireToken(tokens, headers.authorization);
    });
    catalogRoutes(open);
  });
  app.register(async (own) => {
    own.addHook("onRequest", async ({ headers }) => requireToken(tokens, headers.authorization));
    accountRoutes(own, context);
    eventRoutes(own, context);
    instanceRoutes(own, context);
    ipRoutes(own, context);
    firewallRoutes(own, context);
    volumeRoutes(own, context);
    bucketRoutes(own, context);
    objectKeyRoutes(own, context);
    domainRoutes(own, context, taken);
  });
}

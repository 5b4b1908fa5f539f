import type { App } from "./app";
import { apiNames } from "./names";

/** Directory of an authority that has issued all that it issues in a week; otherwise the same one. */
export const limitedAcmeDirectory = `https://${apiNames.acme}/limited/directory`;

/** Seconds until it would issue again. */
const retryAfter = 34 * 60 * 60;

/**
 * Serves {@link limitedAcmeDirectory}. Type, status and words are those of Let's Encrypt (RFC 8555, section 6.6;
 * https://letsencrypt.org/docs/rate-limits/).
 */
export function limitedDirectory(app: App): void {
  app.get("/limited/directory", async (_request, reply) => {
    const answer = await app.inject({ url: "/directory", headers: { host: apiNames.acme } });
    if (answer.statusCode >= 400) return reply.code(answer.statusCode).send(answer.body);
    return { ...answer.json<object>(), newOrder: `https://${apiNames.acme}/limited/order` };
  });
  app.post("/limited/order", async (_request, reply) => {
    const until = new Date(Date.now() + retryAfter * 1000).toISOString().replace(/T(.*)\..*/, " $1 UTC");
    const detail =
      "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, " +
      `retry after ${until}: see https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers`;
    return reply
      .code(429)
      .header("retry-after", String(retryAfter))
      .type("application/problem+json")
      .send({ type: "urn:ietf:params:acme:error:rateLimited", status: 429, detail });
  });
}

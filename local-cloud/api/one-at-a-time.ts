import type { App } from "./app";

/**
 * Makes the changing requests of an API wait for each other. Handlers check, then ask the DNS or the hosts, then change
 * the state; two of them in between each other could both pass the check.
 */
export function oneAtATime(app: App): void {
  let last: Promise<unknown> = Promise.resolve();
  app.addHook("onRoute", (route) => {
    if ([route.method].flat().every((method) => method === "GET" || method === "HEAD")) return;
    const { handler } = route;
    route.handler = function (request, reply) {
      const turn = last.then(() => handler.call(this, request, reply) as unknown);
      // A refused request must not stop the next one; its own error goes to its own client.
      last = turn.catch(() => undefined);
      return turn;
    };
  });
}

import type { App } from "./app";

/** Bodies are JSON; an empty one is none, whatever its type: clients send a type with `DELETE` and bare `POST` too. */
export function readJson(app: App): void {
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    if (body === "") return done(null, undefined);
    try {
      done(null, JSON.parse(String(body)));
    } catch {
      done(Object.assign(new Error("Request body is not valid JSON"), { statusCode: 400 }));
    }
  });
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
    if (body === "") return done(null, undefined);
    done(Object.assign(new Error("Request body must be application/json"), { statusCode: 415 }));
  });
}

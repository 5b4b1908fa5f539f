import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Of the text of an issue or a comment; a longer one is refused. */
const mostCharacters = 65_536;
const bot = { login: "github-actions[bot]" };

interface Text {
  id: number;
  user: { login: string };
  body: string;
}
export interface Issue extends Text {
  number: number;
  title: string;
  state: string;
}
export interface Release {
  id: number;
  tag_name: string;
  body: string;
  draft: boolean;
  prerelease: boolean;
  upload_url: string;
  assets: { id: number; name: string; size: number }[];
}

/** As much of GitHub's REST API as the workflows use, on loopback; what is written to it can be looked at. */
export class FakeGitHub {
  readonly token = "token-of-the-workflow";
  readonly comments = new Map<number, Text[]>();
  readonly issues: Issue[] = [];
  readonly releases: Release[] = [];
  /** Each call that changed something. */
  readonly writes: string[] = [];
  private readonly server: Server;
  private last = 0;

  private constructor() {
    this.server = createServer((request, response) => {
      void this.answer(request).then(({ status, body, next }) => {
        const link = next ? { link: `<${this.url}${next}>; rel="next"` } : {};
        response.writeHead(status, { "content-type": "application/json", ...link });
        response.end(JSON.stringify(body));
      });
    });
  }

  static async start(): Promise<FakeGitHub> {
    const fake = new FakeGitHub();
    await new Promise<void>((resolve) => fake.server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What a runner gives each step. */
  get environment(): Record<string, string> {
    return { GITHUB_API_URL: this.url, GITHUB_REPOSITORY: "owner/mailstack" };
  }

  /** Something that a person wrote. */
  addComment(pullRequest: number, login: string, body: string): void {
    this.comments.set(pullRequest, [...this.commentsOn(pullRequest), { id: ++this.last, user: { login }, body }]);
  }

  addIssue(login: string, title: string, body: string): Issue {
    const issue = { id: ++this.last, number: this.issues.length + 1, user: { login }, title, body, state: "open" };
    this.issues.push(issue);
    return issue;
  }

  commentsOn(number: number): Text[] {
    return this.comments.get(number) ?? [];
  }

  private async answer(request: IncomingMessage): Promise<{ status: number; body: unknown; next?: string }> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const data = Buffer.concat(chunks);
    const url = new URL(request.url ?? "/", this.url);
    const call = `${request.method} ${url.pathname.replace(/^\/repos\/owner\/mailstack/, "")}`;
    if (request.headers.authorization !== `token ${this.token}`) return { status: 401, body: { message: "no token" } };
    if (request.method !== "GET") this.writes.push(call);
    const json = () => JSON.parse(data.toString()) as Record<string, unknown>;
    const [found, ...words] =
      /^(GET|POST|PATCH|DELETE) \/(issues|releases)(?:\/(\d+|comments|assets))?(?:\/(\d+|comments|assets))?$/.exec(
        call,
      ) ?? [];
    if (!found) return { status: 404, body: { message: `no such call: ${call}` } };
    const [method, kind, first, second] = words;
    if (kind === "issues" && method !== "GET" && String(json().body ?? "").length > mostCharacters)
      return { status: 422, body: { message: `body is too long (maximum is ${mostCharacters} characters)` } };
    if (kind === "issues" && second === "comments") {
      const number = Number(first);
      if (method === "GET") return page(url, this.commentsOn(number));
      this.addComment(number, bot.login, String(json().body));
      return { status: 201, body: this.commentsOn(number).at(-1) };
    }
    if (kind === "issues" && first === "comments") {
      const comment = [...this.comments.values()].flat().find(({ id }) => id === Number(second));
      return comment ? { status: 200, body: Object.assign(comment, json()) } : { status: 404, body: {} };
    }
    if (kind === "issues") {
      if (method === "GET")
        return page(
          url,
          this.issues.filter(({ state }) => state === url.searchParams.get("state")),
        );
      if (method === "POST")
        return { status: 201, body: this.addIssue(bot.login, String(json().title), String(json().body)) };
      return {
        status: 200,
        body: Object.assign(
          this.issues.find(({ number }) => number === Number(first))!,
          json(),
        ),
      };
    }
    const release = this.releases.find(({ id }) => id === Number(first));
    if (method === "GET") return page(url, this.releases);
    if (second === "assets") {
      release!.assets.push({ id: ++this.last, name: url.searchParams.get("name") ?? "", size: data.length });
      return { status: 201, body: release!.assets.at(-1) };
    }
    if (method === "DELETE") {
      for (const one of this.releases) one.assets = one.assets.filter(({ id }) => id !== Number(second));
      return { status: 204, body: {} };
    }
    if (method === "PATCH") return { status: 200, body: Object.assign(release!, json()) };
    const id = ++this.last;
    const upload_url = `${this.url}/repos/owner/mailstack/releases/${id}/assets{?name,label}`;
    this.releases.push({ ...(json() as unknown as Release), id, upload_url, assets: [] });
    return { status: 201, body: this.releases.at(-1) };
  }
}

/** One page of a list, with the link to the next one. */
function page(url: URL, all: unknown[]): { status: number; body: unknown[]; next?: string } {
  const size = Number(url.searchParams.get("per_page") ?? 30);
  const at = Number(url.searchParams.get("page") ?? 1);
  const next = new URL(url);
  next.searchParams.set("page", String(at + 1));
  const more = all.length > at * size;
  return {
    status: 200,
    body: all.slice((at - 1) * size, at * size),
    next: more ? next.pathname + next.search : undefined,
  };
}

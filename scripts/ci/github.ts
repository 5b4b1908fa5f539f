/** What the workflows do at GitHub: one comment on a pull request, one issue, one release. */
import { Octokit } from "@octokit/rest";

/** Author of everything that a workflow's own token writes; a marker in somebody else's text counts for nothing. */
const author = "github-actions[bot]";

/** The repository that the workflow runs in. */
export class Repository {
  private readonly api: Octokit;
  private readonly at: { owner: string; repo: string };

  constructor(environment: NodeJS.ProcessEnv) {
    const [owner = "", repo = ""] = required(environment, "GITHUB_REPOSITORY").split("/");
    this.at = { owner, repo };
    this.api = new Octokit({
      auth: required(environment, "GITHUB_TOKEN"),
      baseUrl: environment.GITHUB_API_URL,
      userAgent: "mailstack-workflows",
    });
  }

  /** Writes the comment that begins with `marker`, or rewrites it where it is there already. */
  async comment(pullRequest: number, marker: string, body: string): Promise<void> {
    const at = { ...this.at, issue_number: pullRequest };
    const comments = await this.api.paginate(this.api.rest.issues.listComments, { ...at, per_page: 100 });
    const known = comments.find((one) => one.user?.login === author && one.body?.startsWith(marker));
    if (known) await this.api.rest.issues.updateComment({ ...this.at, comment_id: known.id, body });
    else await this.api.rest.issues.createComment({ ...at, body });
  }

  /** Number of the open issue whose text begins with `marker`. */
  async openIssue(marker: string): Promise<number | undefined> {
    const query = { ...this.at, state: "open" as const, creator: author, per_page: 100 };
    const issues = await this.api.paginate(this.api.rest.issues.listForRepo, query);
    return issues.find((one) => one.user?.login === author && one.body?.startsWith(marker))?.number;
  }

  async createIssue(title: string, body: string): Promise<number> {
    return (await this.api.rest.issues.create({ ...this.at, title, body })).data.number;
  }

  async updateIssue(issue_number: number, body: string): Promise<void> {
    await this.api.rest.issues.update({ ...this.at, issue_number, body });
  }

  async closeIssue(issue_number: number, comment: string): Promise<void> {
    await this.api.rest.issues.createComment({ ...this.at, issue_number, body: comment });
    await this.api.rest.issues.update({ ...this.at, issue_number, state: "closed", state_reason: "completed" });
  }

  /**
   * Publishes the release of a tag with one file. It is a draft until the file is uploaded, so that nobody ever sees a
   * release without it; a draft that an interrupted run left is taken up again.
   */
  async publish(release: { tag: string; body: string; prerelease: boolean }, file: { name: string; data: Buffer }) {
    const { tag, body, prerelease } = release;
    const releases = await this.api.paginate(this.api.rest.repos.listReleases, { ...this.at, per_page: 100 });
    const known = releases.find((one) => one.tag_name === tag);
    if (known && !known.draft) throw new Error(`the release ${tag} is published already`);
    const draft =
      known ??
      (await this.api.rest.repos.createRelease({ ...this.at, tag_name: tag, name: tag, body, prerelease, draft: true }))
        .data;
    for (const asset of draft.assets)
      if (asset.name === file.name) await this.api.rest.repos.deleteReleaseAsset({ ...this.at, asset_id: asset.id });
    // To the address that the release names, a template with the file's name: uploads have a host of their own.
    await this.api.request(`POST ${draft.upload_url}`, {
      name: file.name,
      data: file.data,
      headers: { "content-type": "application/gzip", "content-length": file.data.length },
    });
    await this.api.rest.repos.updateRelease({ ...this.at, release_id: draft.id, body, prerelease, draft: false });
  }
}

/** @throws Error that names the variable when the workflow does not set it. */
export function required(environment: NodeJS.ProcessEnv, name: string): string {
  const value = environment[name];
  if (!value) throw new Error(`${name} is not set; the workflow has to set it`);
  return value;
}

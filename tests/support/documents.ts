import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "../..");

/** A page of the documentation. */
export interface Page {
  /** Path below the project's folder. */
  file: string;
  text: string;
}

/** A line that a reader would type. */
export interface Typed {
  file: string;
  line: string;
  /** In a fenced block, or in running text. */
  fenced: boolean;
}

/** Every page, in the order of their paths. */
export function pages(): Page[] {
  const own = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "host/README.md"];
  return globSync([...own, "docs/**/*.md", "examples/*/README.md"], { cwd: root })
    .sort()
    .map((file) => ({ file, text: readFileSync(join(root, file), "utf8") }));
}

/** The command lines of a page's `sh` blocks; continued lines are one, comments are left out. */
export function fencedLines({ file, text }: Page): Typed[] {
  return [...text.matchAll(/^[ ]*```sh\n([^]*?)^[ ]*```/gm)].flatMap(([, block = ""]) =>
    block
      .replace(/\\\n\s*/g, "")
      .split("\n")
      .map((line) => line.replace(/\s+#.*$/, "").trim())
      .filter((line) => line && !line.startsWith("#"))
      .map((line) => ({ file, line, fenced: true })),
  );
}

/** The command lines of the page at this path, as {@link fencedLines} finds them. */
export function commandsOf(file: string): string[] {
  return fencedLines({ file, text: readFileSync(join(root, file), "utf8") }).map(({ line }) => line);
}

/** Commands of this project in running text, for example `mailstack status`. */
export function inlineLines({ file, text }: Page): Typed[] {
  const prose = text.replace(/^[ ]*```[^]*?^[ ]*```/gm, "");
  return [...prose.matchAll(/`((?:npm|mailstack|pulumi config set) [^`]+)`/g)].map(([, code = ""]) => ({
    file,
    line: code.replace(/\s+/g, " "),
    fenced: false,
  }));
}

/** The words of a command line as a shell would split it; quotes as in these pages, no more. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { secretKeys } from "../../components/settings/schema";
import { checkedKeys } from "../../scripts/reference-settings";
import { fencedLines, inlineLines, pages, wordsOf } from "../support/documents";
import { misuse } from "./support/command-line-check";
import type { CommandLine } from "./support/print-command-lines";

const root = join(__dirname, "../..");
const all = pages();
const fenced = all.flatMap(fencedLines);
const typed = [...fenced, ...all.flatMap(inlineLines)];
const where = ({ file, line }: { file: string; line: string }) => `${file}: ${line}`;

const { local, layers } = JSON.parse(
  execFileSync("sh", ["scripts/with-node22", "tests/unit/support/print-command-lines.ts"], { cwd: root }).toString(),
) as { local: CommandLine; layers: string[] };

/** What `npm`, with its words, really is; undefined when it is fine. */
function npmProblem(words: string[]): string | undefined {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
  const [, first = "", ...others] = words;
  // npm's own commands need no script.
  if (["install", "ci", "pack"].includes(first)) return undefined;
  const script = first === "test" ? "test" : (others.find((word) => !word.startsWith("--silent")) ?? "");
  if (first !== "test" && first !== "run") return `npm has no ${first} here`;
  if (!Object.keys(scripts).includes(script)) return `package.json has no script ${script}`;
  const after = words.includes("--") ? words.slice(words.indexOf("--") + 1) : [];
  if (script === "local") return misuse(local, after);
  const layer = after[0];
  return script !== "test" || layer === undefined || layer === "LAYER" || layers.includes(layer)
    ? undefined
    : `there is no test layer ${layer}`;
}

test("the pages have command lines in them", () => {
  expect(fenced.length).toBeGreaterThan(20);
  expect(typed.length).toBeGreaterThan(fenced.length);
});

test("every npm command exists, with its words", () => {
  const wrong = typed.flatMap((one) => {
    const problem = one.line.startsWith("npm ") ? npmProblem(wordsOf(one.line)) : undefined;
    return problem ? [`${where(one)}: ${problem}`] : [];
  });
  expect(wrong).toEqual([]);
});

test("every mailstack command is one that the program on the host takes", () => {
  const lines = typed
    .map((one) => ({ ...one, words: wordsOf(/(?:^|\s)mailstack (.+)$/.exec(one.line)?.[1] ?? "") }))
    .filter(({ words }) => words.length > 0);
  expect(lines.length).toBeGreaterThan(10);
  const program = [
    "import json, sys",
    "from mailstack.__main__ import parser",
    "for at, words in enumerate(json.load(sys.stdin)):",
    "    sys.stdout = sys.stderr",
    "    try: parser().parse_args(words)",
    "    except SystemExit as end:",
    "        if end.code: print(at, file=sys.__stdout__)",
  ].join("\n");
  const answer = execFileSync("python3", ["-c", program], {
    cwd: join(root, "host"),
    input: JSON.stringify(lines.map(({ words }) => words)),
    stdio: ["pipe", "pipe", "ignore"],
  });
  const wrong = answer.toString().split("\n").filter(Boolean);
  expect(wrong.map((at) => where(lines[Number(at)]!))).toEqual([]);
});

test("every key that a page names is a key of the program", () => {
  // The resource of the component package stands behind the same word.
  const known = new Set<string>([...checkedKeys().keys(), ...secretKeys, "KEY", "MailServer"]);
  const wrong = all.flatMap(({ file, text }) =>
    [...text.matchAll(/\bmailstack:([A-Za-z]+)\b(?!:)/g)]
      .filter(([, key = ""]) => !known.has(key))
      .map(([mention]) => `${file}: ${mention}`),
  );
  // The reference shows what the program says to a key that it does not know; everything else must be real.
  expect(wrong).toEqual([]);
});

test("a secret is never set with its value in the command line", () => {
  const set = typed.filter(({ line }) => line.startsWith("pulumi config set"));
  const wrong = set.filter(({ line }) => {
    const words = wordsOf(line);
    const at = words.findIndex((word) => secretKeys.some((key) => word === `mailstack:${key}`));
    return at >= 0 && (!words.includes("--secret") || at !== words.length - 1);
  });
  expect(wrong.map(where)).toEqual([]);
});

test("a line in a block begins with a program that some test knows", () => {
  // What tests/e2e/docs.test.ts and accidents.test.ts run, or this file checks.
  const onHost = ["mailstack", "certbot", "journalctl", "postconf", "postfix", "postqueue"];
  const accidents = ["doveadm", "find", "python3", "rm"];
  const known = [...onHost, ...accidents, "git", "npm", "pulumi", "ssh", "echo", "umask", "sh"];
  expect(fenced.filter(({ line }) => !known.includes(wordsOf(line)[0] ?? "")).map(where)).toEqual([]);
});

test("every link leads to a file and a heading that are there", () => {
  const anchors = (text: string) =>
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
  const wrong = all.flatMap(({ file, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [path, anchor] = target.split("#");
        const place = path ? join(root, dirname(file), path) : join(root, file);
        if (!existsSync(place)) return true;
        return anchor !== undefined && !anchors(readFileSync(place, "utf8")).includes(anchor);
      })
      .map((target) => `${file}: ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("a page that the code refers to is there", () => {
  const files = globSync(["*.ts", "{components,local-cloud,scripts,host}/**/*.{ts,py}"], { cwd: root });
  expect(files.length).toBeGreaterThan(100);
  const wrong = files.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/\bdocs\/[\w/-]+\.md\b/g)]
      .filter(([page]) => !existsSync(join(root, page)))
      .map(([page]) => `${file}: ${page}`),
  );
  expect(wrong).toEqual([]);
});

test("CONTRIBUTING.md names every test layer", () => {
  const text = all.find(({ file }) => file === "CONTRIBUTING.md")?.text ?? "";
  const named = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, layer]) => layer);
  expect(named.sort()).toEqual([...layers].sort());
});

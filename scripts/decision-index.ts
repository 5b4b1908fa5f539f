import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(__dirname, "../docs/decisions");

const head = `# Decisions

<!-- Written by \`npm run docs\` from the pages' titles; an edit here is overwritten. -->

Where the program deviates from its specification or its design, and why. Each page has a context (what is specified, and
what happens on real software), a decision, and its consequences.
`;

/** The list of pages in docs/decisions. A page whose context begins with "Design." is about the design. */
export function decisionIndex(): string {
  const pages = readdirSync(folder)
    .filter((name) => name.endsWith(".md") && name !== "README.md")
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), "utf8");
      const title = /^# (.+)$/m.exec(text)?.[1];
      if (!title) throw new Error(`docs/decisions/${name} has no title`);
      return { line: `- [${title}](${name})`, design: text.includes("\n## Context\n\n**Design.** ") };
    });
  const list = (design: boolean) =>
    pages
      .filter((page) => page.design === design)
      .map((page) => page.line)
      .join("\n");
  return `${head}\n## The specification, held against real daemons\n\n${list(false)}\n\n## The design\n\n${list(true)}\n`;
}

import Mustache from "mustache";

/** What a template's names stand for. Only text and numbers can be written out; the rest opens sections. */
export interface View {
  readonly [name: string]: ViewValue;
}
export type ViewValue = string | number | boolean | View | readonly string[] | readonly View[];

/** A template's text and the file that it comes from, for messages. */
export interface Template {
  file: string;
  text: string;
}

/** A template that does not fit its view; the message starts with the template's file and line. */
export class TemplateError extends Error {
  override name = "TemplateError";

  constructor(template: Template, position: number, problem: string) {
    const line = template.text.slice(0, position).split("\n").length;
    super(`${template.file}:${line}: ${problem}`);
  }
}

/** Mustache's parse result: type, name, start, end, and for sections their content. */
type Token = [type: string, name: string, start: number, end: number, content?: Token[]];
type Scope = readonly (View | string)[];

/**
 * Renders templates that share one view. Nothing is escaped: the files are configuration, not HTML.
 * @returns the texts, in the order of the templates.
 * @throws TemplateError for a name that the view lacks, a value that cannot be written out, partials, broken syntax,
 *   and for a key of the view that none of the templates uses (reported at the first template).
 */
export function render(templates: readonly Template[], view: View): string[] {
  const used = new Set<string>();
  const texts = templates.map((template) => {
    const tokens = parse(template);
    walk(template, tokens, [view], used, false);
    return new Mustache.Writer().render(template.text, view, undefined, { escape: String });
  });
  const idle = Object.keys(view).filter((key) => !used.has(key));
  const [first] = templates;
  if (first && idle.length > 0) throw new TemplateError(first, 0, `no template uses ${idle.join(", ")} of the view`);
  return texts;
}

function parse(template: Template): Token[] {
  try {
    // Mustache keeps parsed templates in a cache and hands out the same tokens; they are only read here.
    return Mustache.parse(template.text) as Token[];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = Number(/ at (\d+)$/.exec(message)?.[1] ?? 0);
    throw new TemplateError(template, position, message.replace(/ at \d+$/, ""));
  }
}

/** @param loose - Inside a section over an empty list, whose items' names are not known. */
function walk(template: Template, tokens: readonly Token[], scope: Scope, used: Set<string>, loose: boolean): void {
  for (const [type, name, start, , content] of tokens) {
    if (type === "text" || type === "!") continue;
    if (!["name", "&", "#", "^"].includes(type))
      throw new TemplateError(template, start, `{{${type}${name}}} is not allowed here`);
    const value = look(scope, name, used);
    if (value === undefined && !loose) throw new TemplateError(template, start, `the view has no ${name}`);
    if (content) walkSection(template, [type, content], value, scope, used, loose);
    else if (!loose && typeof value !== "string" && typeof value !== "number")
      throw new TemplateError(template, start, `${name} is neither text nor a number`);
  }
}

function walkSection(
  template: Template,
  [type, content]: [string, Token[]],
  value: ViewValue | undefined,
  scope: Scope,
  used: Set<string>,
  loose: boolean,
): void {
  if (type === "^" || typeof value === "boolean") return walk(template, content, scope, used, loose);
  const items = Array.isArray(value) ? (value as (View | string)[]) : [value as View | string];
  if (items.length === 0 || value === undefined) return walk(template, content, scope, used, true);
  for (const item of items) walk(template, content, [...scope, item], used, loose);
}

/** Mustache's own rule: the innermost scope that has the first part of the name. */
function look(scope: Scope, name: string, used: Set<string>): ViewValue | undefined {
  const innermost = scope.at(-1);
  if (name === ".") return innermost;
  const [first = "", ...rest] = name.split(".");
  const depth = scope.findLastIndex((each) => typeof each === "object" && Object.hasOwn(each, first));
  if (depth < 0) return undefined;
  if (depth === 0) used.add(first);
  return rest.reduce<ViewValue | undefined>(
    (value, part) => (isView(value) && Object.hasOwn(value, part) ? value[part] : undefined),
    (scope[depth] as View)[first],
  );
}

function isView(value: ViewValue | undefined): value is View {
  return typeof value === "object" && !Array.isArray(value);
}

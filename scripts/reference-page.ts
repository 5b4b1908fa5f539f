import { stringify } from "yaml";
import {
  checkedKeys,
  declaredKeys,
  exampleFor,
  exampleStack,
  refusalLines,
  refusals,
  requiredKeys,
  type Declared,
} from "./reference-settings";
import { kindOf, type Shape } from "./reference-shapes";

const head = `# Configuration

<!-- Written by \`npm run docs\` from Pulumi.yaml and components/settings; an edit here is overwritten. -->

Every key of a stack, as \`Pulumi.STACK.yaml\` holds it. A wrong value is one line that names the key, before anything is
created; the lines below "refused" are what the program really prints.
`;

/** Changes of the example stack in which each value is right, but not beside the others. */
const contradictions = (): Record<string, unknown>[] => {
  const { domain, users } = exampleStack() as { domain: string; users: { address: string }[] };
  const [user] = users;
  const at = (name: string) => `${name}@${domain}`;
  return [
    { users: [...users, { address: "bob@example.org" }] },
    { users: [...users, { address: user!.address }] },
    { aliases: [{ address: user!.address, destinations: [at("info")] }] },
    { aliases: [{ address: at("sales"), destinations: [at("nobody")] }] },
    {
      aliases: [
        { address: at("a"), destinations: [at("b")] },
        { address: at("b"), destinations: [at("a")] },
      ],
    },
    { administrator: at("boss") },
    { hostname: "mail.example.org" },
  ];
};

/** The whole page. The same settings always give the same text. */
export function configurationPage(): string {
  const shapes = checkedKeys();
  const keys = [...declaredKeys()];
  return [
    head,
    "| key | kind | default |\n|---|---|---|",
    ...keys.map(([key, declared]) => {
      const kind = declared.secret ? "secret text" : kindOf(shapes.get(key) ?? {});
      return `| [${key}](#mailstack${key.toLowerCase()}) | ${kind} | ${defaultText(key, declared)} |`;
    }),
    "",
    ...keys.map(([key, declared]) => section(key, declared, shapes.get(key))),
    "## Values that must fit together\n",
    "Each of these values is right by itself; the program refuses them beside the others:\n",
    code("text", contradictions().flatMap(refusalLines).join("\n")),
  ].join("\n");
}

function section(key: string, declared: Declared, shape: Shape | undefined): string {
  const title = `## mailstack:${key}\n\n${declared.description.trim()}\n`;
  if (declared.secret || !shape)
    return `${title}\nSecret: encrypted in the stack file, asked for without echo. ${capital(withoutDefault(key))}; refused in clear.\n\n${code("sh", `pulumi config set --secret mailstack:${key}`)}`;
  const needed = hasDefault(key, declared)
    ? `Default: ${defaultText(key, declared)}.`
    : `${capital(withoutDefault(key))}.`;
  const withFields = shape.items ?? shape;
  const fields = withFields.properties ? `${fieldTable(withFields)}\n` : "";
  const refused = refusals(key, shape).map(({ line, value }) => `${shown(value, key)}\n    ${line}`);
  return [
    title,
    `${capital(kindOf(shape))}. ${needed}\n`,
    fields + example(key, exampleFor(key, shape)),
    refused.length > 0 ? `Refused:\n\n${code("text", refused.join("\n"))}` : "",
  ].join("\n");
}

function fieldTable(item: Shape): string {
  const rows = Object.entries(item.properties ?? {}).map(([name, field]) => {
    const otherwise = field.default === undefined ? "may be left out" : `default ${JSON.stringify(field.default)}`;
    return `| \`${name}\` | ${kindOf(field)} | ${item.required?.includes(name) ? "must be set" : otherwise} |`;
  });
  return `| field | kind | |\n|---|---|---|\n${rows.join("\n")}\n`;
}

function example(key: string, value: unknown): string {
  if (value === undefined)
    throw new Error(`mailstack:${key} has no example; give its schema .meta({ examples: [...] })`);
  if (typeof value !== "object") return code("sh", `pulumi config set mailstack:${key} ${quoted(String(value))}`);
  return code("yaml", stringify({ [`mailstack:${key}`]: value }, { lineWidth: 0 }).trimEnd());
}

const quoted = (text: string) => (/^[\w./:@-]+$/.test(text) ? text : `'${text}'`);

/** Pulumi.yaml gives a key that only a backup MX lacks an empty one, which the program does not take. */
function hasDefault(key: string, declared: Declared): boolean {
  return declared.default !== undefined && !requiredKeys().includes(key);
}

function withoutDefault(key: string): string {
  return requiredKeys().includes(key) ? "must be set" : "may be left out";
}

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

function defaultText(key: string, declared: Declared): string {
  if (!hasDefault(key, declared)) return `none, ${withoutDefault(key)}`;
  return declared.default === "" ? "empty" : `\`${JSON.stringify(declared.default).replace(/^"(.*)"$/, "$1")}\``;
}

/** A list is shown by its first entry: that is the spoilt one. */
function shown(value: unknown, key: string): string {
  const text = Array.isArray(value) ? JSON.stringify(value.slice(0, 1)) : JSON.stringify(value);
  return `${key}: ${text.replace(/"(\w+)":/g, "$1: ").replaceAll(",", ", ")}`;
}

const code = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\`\n`;

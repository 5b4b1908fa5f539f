/** The schema of the component package, from which Pulumi makes its SDKs: the settings, flat, and the tokens. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkedKeys, declaredKeys, requiredKeys } from "./reference-settings";
import type { Shape } from "./reference-shapes";

const name = "mailstack";

/** What a property may be, in the words of Pulumi's package schema. */
interface Property {
  type?: string;
  $ref?: string;
  items?: Property;
  additionalProperties?: Property;
  plain?: true;
  secret?: true;
  description?: string;
}

type Types = Record<string, object>;

/** What the outputs of a server are; `outputsOf` in components/checked-mail-server.ts has the same names. */
const outputs: Record<string, Property> = {
  backupPassword: { type: "string", description: "Password of the backup repository.", secret: true },
  backupPublicKey: { type: "string", description: "For authorized_keys of the backup server." },
  deployKey: { type: "string", description: "OpenSSH private key of the deployer, root on the host.", secret: true },
  dkim: { ...map(), description: "DKIM TXT value of each domain." },
  history: { $ref: "pulumi.json#/Any", description: "What the next `up` must know; export it under this name." },
  hostKey: { type: "string", description: "Host key, in authorized_keys form: what `ssh` must see." },
  hostname: { type: "string", description: "Name of the mail host; export it under this name." },
  ipv4: { type: "string", description: "Public IPv4 address." },
  ipv6: { type: "string", description: "Public IPv6 address; empty with `ipv6` false." },
  relayFor: { $ref: "pulumi.json#/Any", description: "For the stack of a backup MX; export it under this name." },
  webmail: { type: "string", description: "Address of the webmail, where there is one." },
  zones: { ...map(), description: "Every record of each domain in zone-file form; export it under this name." },
};

/** The whole schema, as text. The same settings always give the same text. */
export function packageSchema(): string {
  const { version, description, license } = JSON.parse(readFileSync(join(__dirname, "../package.json"), "utf8")) as {
    version: string;
    description: string;
    license: string;
  };
  const types: Types = {};
  const shapes = checkedKeys();
  const inputs = [...declaredKeys()].map(([key, declared]): [string, Property] => {
    const text = declared.description.trim().replaceAll("mailstack:", "");
    const shape = shapes.get(key);
    if (!shape) return [key, { type: "string", description: text, secret: true }];
    const otherwise = declared.default === undefined || declared.default === "" ? "" : defaultText(declared.default);
    return [key, { ...propertyOf(key, shape, types), description: `${text}${otherwise}` }];
  });
  const respect = { respectSchemaVersion: true };
  const schema = {
    name,
    displayName: "Mailstack",
    version,
    description,
    license,
    meta: { supportPack: true },
    language: Object.fromEntries(["csharp", "go", "java", "nodejs", "python"].map((one) => [one, respect])),
    config: {},
    types: sorted(types),
    provider: { type: "object" },
    resources: {
      [`${name}:index:MailServer`]: {
        description: "The mail server of one or more domains: a Linode with everything on it, and its DNS.",
        properties: outputs,
        type: "object",
        required: Object.keys(outputs).filter((key) => key !== "webmail"),
        inputProperties: sorted(Object.fromEntries(inputs)),
        requiredInputs: requiredKeys().sort(),
        isComponent: true,
      },
    },
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

/** A setting must be plain: which resources there are depends on it. */
function propertyOf(key: string, shape: Shape, types: Types): Property {
  if (shape.anyOf) return propertyOf(key, shape.anyOf.find((one) => one.const === undefined) ?? {}, types);
  if (shape.enum) {
    const values = shape.enum.map((value) => ({ name: pascal(value), value }));
    return { $ref: addType(key, { type: "string", enum: values }, types), plain: true };
  }
  if (shape.type === "array")
    return { type: "array", items: propertyOf(singular(key), shape.items ?? {}, types), plain: true };
  if (shape.type === "object") {
    const fields = Object.entries(shape.properties ?? {}).map(([field, of]) => [field, propertyOf(field, of, types)]);
    const type = { properties: sorted(Object.fromEntries(fields)), type: "object", required: required(shape) };
    return { $ref: addType(key, type, types), plain: true };
  }
  if (!shape.type) throw new Error(`${key} has no type that a program in another language could write`);
  return { type: shape.type, plain: true };
}

/** @throws Error for two types of one name, of which the second would be lost. */
function addType(key: string, type: object, types: Types): string {
  const token = `${name}:index:${pascal(key)}`;
  if (types[token] && JSON.stringify(types[token]) !== JSON.stringify(type)) throw new Error(`two types are ${token}`);
  types[token] = type;
  return `#/types/${token}`;
}

/** What has a default may be left out. */
const required = (shape: Shape) =>
  (shape.required ?? []).filter((field) => shape.properties?.[field]?.default === undefined).sort();

const singular = (key: string) => key.replace(/(?<=s)es$|s$/, "");

function pascal(text: string): string {
  return text.replace(/(^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, __, first: string) => first.toUpperCase());
}

function defaultText(value: unknown): string {
  return ` Default: ${JSON.stringify(value).replace(/^"(.*)"$/, "$1")}.`;
}

function map(): Property {
  return { type: "object", additionalProperties: { type: "string" } };
}

function sorted<T>(entries: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).sort(([one], [other]) => (one < other ? -1 : 1)));
}

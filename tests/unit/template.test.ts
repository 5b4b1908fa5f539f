import { render, TemplateError, type View } from "../../components/deployment/template";

const one = (text: string, view: View) => render([{ file: "templates/x/etc/x.conf.mustache", text }], view)[0];

describe("templates", () => {
  test("write text and numbers without escaping", () => {
    expect(one("a = {{a}}\nb = {{b}} {{&a}}\n", { a: `<"&'/`, b: 7 })).toBe(`a = <"&'/\nb = 7 <"&'/\n`);
  });

  test("a section's tags on lines of their own leave no empty lines", () => {
    const text = "x\n{{#list}}\n- {{name}} {{top}}\n{{/list}}\n{{^list}}\nnone\n{{/list}}\ny\n";
    expect(one(text, { list: [{ name: "a" }, { name: "b" }], top: 1 })).toBe("x\n- a 1\n- b 1\ny\n");
  });

  test("lists of text, flags, objects and dotted names", () => {
    const text = "{{#l}}{{.}},{{/l}}{{#on}}on{{/on}}{{^on}}off{{/on}}{{#o}}{{k}}{{/o}}{{o.k}}";
    expect(one(text, { l: ["a", "b"], on: false, o: { k: "v" } })).toBe("a,b,offvv");
  });

  test("a name that the view lacks fails with file and line", () => {
    expect(() => one("a\nb {{a}}\nc = {{missing}}\n", { a: "1" })).toThrow(
      new Error("templates/x/etc/x.conf.mustache:3: the view has no missing"),
    );
  });

  test.each<[string, string, View, string]>([
    ["in a section that is off", "{{#on}}\n{{missing}}{{/on}}", { on: false }, ":2: the view has no missing"],
    ["in an item", "{{#l}}{{b}}{{/l}}", { l: [{ a: "1" }, { b: "2" }] }, ":1: the view has no b"],
    ["below a name", "{{o.b}}", { o: { a: "1" } }, ":1: the view has no o.b"],
    ["that opens a section", "\n{{#s}}x{{/s}}", {}, ":2: the view has no s"],
    ["inherited by every object", "{{toString}}", {}, ":1: the view has no toString"],
  ])("a missing name %s fails", (_case, text, view, message) => {
    expect(() => one(text, view)).toThrow(message);
  });

  test("a key that no template uses fails with the file", () => {
    expect(() => one("{{a}}", { a: "1", b: "2", c: "3" })).toThrow(
      "templates/x/etc/x.conf.mustache:1: no template uses b, c of the view",
    );
  });

  test("a key may be used by any one of the templates", () => {
    const templates = ["{{a}}", "{{b}}", "fixed"].map((text, index) => ({ file: `f${index}`, text }));
    expect(render(templates, { a: "1", b: "2" })).toEqual(["1", "2", "fixed"]);
  });

  test("names of an empty list's items are not asked for, keys below it count as used", () => {
    expect(one("{{#l}}{{name}}{{a}}{{.}}{{/l}}.", { l: [], a: "1" })).toBe(".");
  });

  test.each<[string, string, View, string]>([
    ["a flag", "x\n{{a}}", { a: true }, ":2: a is neither text nor a number"],
    ["a list", "{{a}}", { a: ["x"] }, ":1: a is neither text nor a number"],
    ["a partial", "\n\n{{>other}}", {}, ":3: {{>other}} is not allowed here"],
    ["changed tags", "{{=<% %>=}}", {}, "is not allowed here"],
    ["an open section", "a\n{{#s}}\nb", { s: true }, 'Unclosed section "s"'],
    ["a wrong end", "a\n{{#s}}\n{{/t}}", { s: true }, ":3: Unclosed section"],
  ])("%s is refused", (_case, text, view, message) => {
    expect(() => one(text, view)).toThrow(message);
    expect(() => one(text, view)).toThrow(TemplateError);
  });
});

import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { modulesOf } from "../../components/deployment/program-digest";

const root = join(__dirname, "../..");

/** What runs, and is not only read as settings: by its first line, or by its ending. */
const isProgram = (path: string, text: string) =>
  text.startsWith("#!") || /\.(lua|py|sh|pl|sieve)\.mustache$/.test(path) || /\b(function|class) \w+/.test(text);

describe("programs", () => {
  test("none in a template has more than 30 lines: it belongs into host/mailstack, or into host/plugins", () => {
    const programs = globSync("templates/**/*.mustache", { cwd: root })
      .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }))
      .filter(({ path, text }) => isProgram(path, text));
    expect(programs.length).toBeGreaterThan(10);
    const long = programs.filter(({ text }) => text.trimEnd().split("\n").length > 30);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test("a bundle's digest counts what a module imports, whole modules and later imports too", () => {
    const found = modulesOf(["daemons/mail_volume.py"]);
    for (const module of ["daemons/volume_device.py", "safe_path.py", "programs.py", "errors.py", "paths.py"])
      expect(found).toContain(module);
    expect(modulesOf(["checks/scanner.py"])).toContain("daemons/milter.py");
    expect(modulesOf(["daemons/commands.py"])).toContain("daemons/login_policy.py");
  });
});

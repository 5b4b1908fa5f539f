import { systems, type SystemName } from "../../../components/deployment/systems";
import { renders } from "../renders";
import { variants } from "../variants";

const all = { ...renders, ...variants };

/**
 * Pins the exact text of every file of one service on the host. A changed snapshot is a changed server: read the
 * difference, then `npx jest tests/golden --updateSnapshot`.
 */
export function golden(service: string): void {
  const [first, ...others] = Object.keys(systems) as [SystemName, ...SystemName[]];
  describe.each([first, ...others])("%s", (system) => {
    test(service, () => {
      const texts = textsOf(service, system);
      // The other systems' snapshots hold only what is different there.
      const known = system === first ? {} : textsOf(service, first);
      for (const [path, text] of Object.entries(texts)) if (known[path] !== text) expect(text).toMatchSnapshot(path);
      const gone = Object.keys(known).filter((path) => !(path in texts));
      if (gone.length > 0) expect(gone).toMatchSnapshot("not on this system");
    });

    test(`${service} is the same text again`, () => {
      expect(JSON.stringify(all[service]?.(system))).toBe(JSON.stringify(all[service]?.(system)));
    });
  });
}

/** Each file with its owner and mode, and the rest of the bundle under a name of its own. */
function textsOf(service: string, system: SystemName): Record<string, string> {
  const bundle = all[service]?.(system);
  if (!bundle) throw new Error(`there is no service ${service}`);
  const { files, ...rest } = bundle;
  // Whatever the program is: what it does is its own tests' business.
  if (rest.program !== undefined) rest.program = "(digest)";
  const texts = Object.entries(files).map(([path, { owner, mode, content }]) => [path, `${owner} ${mode}\n${content}`]);
  return { "the bundle without its files": JSON.stringify(rest, undefined, 1), ...Object.fromEntries(texts) };
}

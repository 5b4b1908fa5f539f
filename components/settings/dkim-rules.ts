import type { Problem } from "./problem";
import type { Settings } from "./schema";

/** Each selector is one key, which signs or does not. */
export function dkimProblems({ dkimSelector, dkimOtherSelectors }: Settings): Problem[] {
  return dkimOtherSelectors.flatMap((name, index) => {
    const key = `dkimOtherSelectors[${index}]`;
    if (name === dkimSelector)
      return [{ key, message: `"${name}" is already dkimSelector; a selector either signs or is one of the others` }];
    const first = dkimOtherSelectors.indexOf(name);
    if (first === index) return [];
    return [{ key, message: `"${name}" is already dkimOtherSelectors[${first}]; each may appear once` }];
  });
}

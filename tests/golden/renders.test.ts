import { readdirSync } from "node:fs";
import { renders } from "./renders";
import { variants } from "./variants";

test("every service, and every variant of one, has a golden test of its own, found by its name", () => {
  const files = readdirSync(__dirname).filter((name) => name.endsWith(".test.ts") && name !== "renders.test.ts");
  expect(files.map((name) => name.replace(".test.ts", "")).sort()).toEqual(
    Object.keys({ ...renders, ...variants }).sort(),
  );
});

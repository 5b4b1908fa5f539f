import { execa } from "execa";
import { join } from "node:path";
import type { Figure } from "../figure";
import { median, secondsList, timed } from "../measure";

/** `npm run test:unit`. */
export const unitTests: Figure = {
  name: "unit-tests",
  about: "npm run test:unit",
  byDefault: true,
  async measure(cloud) {
    const took: number[] = [];
    for (let round = 0; round < Math.min(cloud.repeat, 3); round += 1) {
      const run = () => execa("npm", ["run", "--silent", "test:unit"], { cwd: join(__dirname, "../.."), all: true });
      took.push((await timed(run)).seconds);
    }
    return [{ what: "`npm run test:unit`", value: median(took), unit: "s", atMost: 15, detail: secondsList(took) }];
  },
};

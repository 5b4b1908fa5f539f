import type { Figure } from "../figure";
import { median, secondsList, timed } from "../measure";

/** What an administrator waits for to learn that every service works, asked on the host itself. */
export const status: Figure = {
  name: "status",
  about: "mailstack status, every service as a user meets it",
  byDefault: true,
  async measure(cloud) {
    const system = await cloud.system();
    const took: number[] = [];
    let services = 0;
    for (let round = 0; round < cloud.repeat; round += 1) {
      const { seconds, result } = await timed(() => system.must(["mailstack", "status"]));
      took.push(seconds);
      services = result.split("\n").filter((line) => line.startsWith("ok")).length;
    }
    return [
      {
        what: "`mailstack status`",
        value: median(took),
        unit: "s",
        atMost: 5,
        detail: `${secondsList(took)}; ${services} lines`,
      },
    ];
  },
};

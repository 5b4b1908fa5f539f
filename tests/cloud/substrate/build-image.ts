/** Builds one image. Usage: build-image.ts RECIPE (JSON). A process of its own, so that a test can kill it. */
import { buildImage, type Recipe } from "../../../local-cloud/images/build";

buildImage(JSON.parse(process.argv[2]!) as Recipe, (line) => console.error(line)).then(
  (path) => console.log(path),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);

import { golden } from "./support/golden";

golden("volume");

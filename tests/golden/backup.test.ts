import { golden } from "./support/golden";

golden("backup");

import { golden } from "./support/golden";

golden("packages");

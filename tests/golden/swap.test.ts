import { golden } from "./support/golden";

golden("swap");

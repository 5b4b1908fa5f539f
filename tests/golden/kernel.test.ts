import { golden } from "./support/golden";

golden("kernel");

import { golden } from "./support/golden";

golden("connections");

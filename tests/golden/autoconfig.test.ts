import { golden } from "./support/golden";

golden("autoconfig");

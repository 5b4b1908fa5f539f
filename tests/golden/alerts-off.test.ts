import { golden } from "./support/golden";

golden("alerts-off");

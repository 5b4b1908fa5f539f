import { golden } from "./support/golden";

golden("accounts");

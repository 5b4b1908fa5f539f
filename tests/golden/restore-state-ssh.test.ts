import { golden } from "./support/golden";

golden("restore-state-ssh");

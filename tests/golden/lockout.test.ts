import { golden } from "./support/golden";

golden("lockout");

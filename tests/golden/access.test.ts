import { golden } from "./support/golden";

golden("access");

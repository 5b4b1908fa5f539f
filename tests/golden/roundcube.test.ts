import { golden } from "./support/golden";

golden("roundcube");

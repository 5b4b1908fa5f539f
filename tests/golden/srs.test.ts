import { golden } from "./support/golden";

golden("srs");

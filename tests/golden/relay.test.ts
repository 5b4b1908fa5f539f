import { golden } from "./support/golden";

golden("relay");

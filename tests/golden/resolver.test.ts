import { golden } from "./support/golden";

golden("resolver");

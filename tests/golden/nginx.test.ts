import { golden } from "./support/golden";

golden("nginx");

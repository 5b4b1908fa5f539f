import { golden } from "./support/golden";

golden("redis");

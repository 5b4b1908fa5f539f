import { golden } from "./support/golden";

golden("logs");

import { golden } from "./support/golden";

golden("clamav");

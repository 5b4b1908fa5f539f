import { golden } from "./support/golden";

golden("mta-sts");

import { golden } from "./support/golden";

golden("mail-guard");

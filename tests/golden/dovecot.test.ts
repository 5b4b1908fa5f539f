import { golden } from "./support/golden";

golden("dovecot");

import { golden } from "./support/golden";

golden("rspamd-filters");

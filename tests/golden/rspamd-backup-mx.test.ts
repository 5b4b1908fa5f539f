import { golden } from "./support/golden";

golden("rspamd-backup-mx");

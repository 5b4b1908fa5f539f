import { golden } from "./support/golden";

golden("postfix-backup-mx");

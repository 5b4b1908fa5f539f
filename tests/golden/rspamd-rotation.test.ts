import { golden } from "./support/golden";

golden("rspamd-rotation");

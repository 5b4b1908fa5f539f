import { golden } from "./support/golden";

golden("mailbox-quota");

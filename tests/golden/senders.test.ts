import { golden } from "./support/golden";

golden("senders");

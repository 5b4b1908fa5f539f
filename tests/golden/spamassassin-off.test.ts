import { golden } from "./support/golden";

golden("spamassassin-off");

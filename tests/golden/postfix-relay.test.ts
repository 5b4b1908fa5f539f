import { golden } from "./support/golden";

golden("postfix-relay");

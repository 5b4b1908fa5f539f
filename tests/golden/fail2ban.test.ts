import { golden } from "./support/golden";

golden("fail2ban");

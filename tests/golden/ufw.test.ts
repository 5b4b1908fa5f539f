import { golden } from "./support/golden";

golden("ufw");

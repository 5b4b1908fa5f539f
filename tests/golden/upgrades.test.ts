import { golden } from "./support/golden";

golden("upgrades");

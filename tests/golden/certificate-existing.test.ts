import { golden } from "./support/golden";

golden("certificate-existing");

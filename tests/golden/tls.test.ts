import { golden } from "./support/golden";

golden("tls");

import { golden } from "./support/golden";

golden("certificate-dns");

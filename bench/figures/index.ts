import type { Figure } from "../figure";
import { freshUp } from "./fresh-up";
import { inboundRate } from "./inbound-rate";
import { localCold, localWarm } from "./local-times";
import { memory } from "./memory";
import { noOpUp } from "./no-op-up";
import { status } from "./status";
import { unitTests } from "./unit-tests";

/** Everything that can be measured, in the order in which it is; the idle memory before any load. */
export const figures: Figure[] = [freshUp, memory, status, noOpUp, inboundRate, unitTests, localWarm, localCold];

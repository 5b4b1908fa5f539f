import { codeMutants } from "./code-mutants";
import { hostMutants } from "./host-mutants";
import { mailMutants } from "./mail-mutants";
import type { Mutant } from "./mutant";
import { postfixMutants } from "./postfix-mutants";
import { reachMutants } from "./reach-mutants";

/** Every fault that the tests must notice; scripts/mutation.ts puts them in, one at a time. */
export const mutants: Mutant[] = [...postfixMutants, ...mailMutants, ...hostMutants, ...codeMutants, ...reachMutants];

/** The types of `@linode/api-v4`, whose package exports name no declaration files. */
export type * from "../../../node_modules/@linode/api-v4/lib/index";
/** The whole module. */
export type Vendor = typeof import("../../../node_modules/@linode/api-v4/lib/index");

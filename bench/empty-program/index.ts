/** What the no-op `up` is compared with. */
export const nothing = "";

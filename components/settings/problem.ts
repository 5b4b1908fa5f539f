/** One wrong value: where it is, and what would be right. */
export interface Problem {
  /** Below `mailstack:`, or in the file that `place` names. */
  key?: string;
  message: string;
  /** `FILE:LINE`, where the value is not in the stack's configuration. */
  place?: string;
}

/** What to do about a key without a value. */
export const setWith = (key: string) => `set it with: pulumi config set mailstack:${key} VALUE`;

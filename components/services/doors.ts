/** Names that Postfix tells the filter for the ways into its queue; on port 25 it tells the host's name. */
export const doors = {
  /** sendmail(1). */
  submitted: "SUBMITTED",
  /** What Postfix itself writes: bounces and the like. */
  internal: "INTERNAL",
} as const;

/** First header of what came through sendmail(1), as the filter sees it: the number of the user who ran it. */
export const uidHeader = "X-Submitted-By-Uid";
/** Second header of what Dovecot sends for a user's Sieve script: a name for the one message, and that user. */
export const sieveHeader = "X-Submitted-By-Sieve-Of";
/** Has a file for each user of whose script's mail so much waits that no more is taken. */
export const waitingFolder = "/run/mailstack-waiting";

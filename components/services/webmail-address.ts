/**
 * Address of this host that only the webmail's user may use (templates/connections). From there Dovecot and Postfix
 * believe who the webmail's own client is.
 */
export const webmailAddress = "127.0.0.2";

/** User of the webmail's processes. */
export const webmailUser = "roundcube";

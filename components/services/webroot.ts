/** Where the certificate's authority looks for its challenges (RFC 8555, section 8.3), on port 80 of each name. */
export const acmeWebroot = "/var/www/mailstack-acme";

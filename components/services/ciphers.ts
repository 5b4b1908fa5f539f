/**
 * What every daemon offers to whoever gives a password, the best first, for TLS 1.2; TLS 1.3 has none that is weak. All
 * have forward secrecy by elliptic curves, so there are no Diffie-Hellman parameters to be too short. Programs since
 * 2013 have one of them, whether the certificate's key is ECDSA or RSA.
 */
export const ciphers = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** A TCP port that the world may reach. */
export interface OpenPort {
  name: string;
  port: number;
}

/** The provider's firewall lets only `mailstack:sshAllowedCidrs` reach it. */
export const sshPort: OpenPort = { name: "ssh", port: 22 };

/**
 * What the world needs of every mail server. Port 80 answers the certificate authority
 * (RFC 8555, section 8.3); 110 and 143 stay closed: only TLS.
 */
export const publicPorts: readonly OpenPort[] = [
  { name: "smtp", port: 25 },
  { name: "submission", port: 587 },
  { name: "submissions", port: 465 },
  { name: "imaps", port: 993 },
  { name: "pop3s", port: 995 },
  { name: "http", port: 80 },
  { name: "https", port: 443 },
];

/** ManageSieve (RFC 5804, section 1.8), for filters of mail programs. */
export const sievePort: OpenPort = { name: "sieve", port: 4190 };

/**
 * Every port that both firewalls let in from everywhere.
 * @param manageSieve - The setting `mailstack:manageSieve`.
 */
export function openPorts(manageSieve: boolean): readonly OpenPort[] {
  return manageSieve ? [...publicPorts, sievePort] : publicPorts;
}

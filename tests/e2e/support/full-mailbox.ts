import type { Server } from "./servers";

/** Arguments: address, sizes. */
const fill = `
import smtplib, sys
address, *sizes = sys.argv[1:]
for size in map(int, sizes):
    while True:
        session = smtplib.LMTP("/var/spool/postfix/private/dovecot-lmtp")
        try:
            body = "\\r\\n".join(["x" * 98] * max(1, size // 100))
            session.sendmail("friend@peer.example", [address], f"Subject: filler\\r\\n\\r\\n{body}\\r\\n")
        except smtplib.SMTPDataError as error:
            print(error.smtp_code, error.smtp_error)
            break
        finally:
            session.close()
`;

/** Delivers messages of so many bytes until one is refused, for each size. What Dovecot said at the end of each. */
export function fillMailbox(server: Server, localPart: string, sizes: number[]): Promise<string> {
  return server.system.must(["python3", "-c", fill, server.address(localPart), ...sizes.map(String)]);
}

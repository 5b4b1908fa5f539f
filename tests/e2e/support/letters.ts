/** Test pattern that every spam filter must refuse: https://spamassassin.apache.org/gtube/ */
export const gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

/** Headers of a letter as a mail program makes them, for a whole message of one's own. */
export function letterHead(from: string, to: string, subject: string): string[] {
  return [
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    `Date: ${new Date().toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${subject.replace(/\W+/g, ".")}@mail.peer.example>`,
    "MIME-Version: 1.0",
  ];
}

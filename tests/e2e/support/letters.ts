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

/** A link that says one bank and leads elsewhere. */
export const lure = (to: string, subject: string) =>
  [
    ...letterHead("Bank <friend@peer.example>", to, subject),
    "Content-Type: text/html; charset=utf-8",
    "",
    "<html><body><p>Dear customer, please look at your account soon, thank you very much.</p>",
    '<a href="http://www.example.net/account">https://www.example.com/account</a></body></html>',
    "",
  ].join("\n");

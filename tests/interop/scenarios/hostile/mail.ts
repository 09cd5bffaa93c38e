import { ok } from "node:assert/strict";
import { attack } from "../../hostile.ts";
import { openImap } from "../../mailbox.ts";
import { sendIn } from "../../smtp_client.ts";

/** Messages made to hurt whoever reads their structure: stored as they are, described within bounds. */
export const hostileMail = [
  attack("messages with bottomless, endless and broken structure are stored and described", async (palomar, serves) => {
    const account = await palomar.account("victim");
    const nested = Array.from(
      { length: 5000 },
      (_, i) => `Content-Type: multipart/mixed; boundary="b${i}"\r\n\r\n--b${i}\r\n`,
    ).join("");
    const forwarded = "Content-Type: message/rfc822\r\n\r\n".repeat(5000);
    const messages = [
      `MIME-Version: 1.0\r\n${nested}\r\nbottom`,
      `MIME-Version: 1.0\r\n${forwarded}Subject: bottom\r\n\r\nx`,
      `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n${"--x\r\n\r\n\r\n".repeat(50_000)}--x--`,
      `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=""\r\n\r\n--\r\n\r\nx\r\n----`,
      `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="${"-".repeat(900)}"\r\n\r\n${
        "-\r\n".repeat(20_000)
      }`,
      `To: ${"((((((((((".repeat(90)}\r\nFrom: ${"<".repeat(900)}\r\n\r\nx`,
      `To: ${"group:;,\r\n ".repeat(10_000)}a@b.test\r\n\r\nx`,
      `Subject: ${"=?utf-8?b?4pi6?=\r\n ".repeat(5000)}\r\n\r\nx`,
      `Content-Type: text/plain${Array.from({ length: 9000 }, (_, i) => `;\r\n a*${i}*=utf-8''x`).join("")}\r\n\r\nx`,
      `References: ${"<a@b.test>\r\n ".repeat(9000)}\r\n\r\nx`,
      "\r\n\r\n\r\n",
      ": no name\r\nno colon\r\n\r\nx",
    ];
    let accepted = 0;
    for (const message of messages) {
      await sendIn(palomar.ports.smtp, account, message).then(() => accepted++, () => {}); // refusing is right as well
      await serves();
    }
    const imap = await openImap(palomar, account);
    await imap.mailboxOpen("INBOX");
    ok(imap.mailbox && imap.mailbox.exists === accepted && accepted > 5, `${accepted} were accepted`);
    for (let i = 1; i <= accepted; i++) {
      await imap.fetchOne(`${i}`, { envelope: true, bodyStructure: true, size: true });
      await serves();
    }
    await imap.search({ body: "bottom", subject: "x" });
    await imap.logout();
    return `${accepted} of ${messages.length} accepted`;
  }),
];

"""imaplib and smtplib against a server: argv is host, smtps, imaps, imap, CA file, user, password."""

import email
import imaplib
import smtplib
import ssl
import sys
import time
from email.message import EmailMessage

host, smtps, imaps, imap, ca, user, password = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)


def ok(answer):
    kind, data = answer
    assert kind == "OK", answer
    return data


message = EmailMessage()
message["From"] = user
message["To"] = user
message["Subject"] = "Grüße aus Wien"
message["Message-ID"] = "<one@python.test>"
message.set_content("Eine Taube kam heim.\n.\n..\n")
message.add_attachment(bytes(range(256)) * 40, maintype="application", subtype="octet-stream", filename="äöü.bin")
with smtplib.SMTP_SSL(host, int(smtps), context=context) as smtp:
    smtp.login(user, password)
    assert smtp.send_message(message) == {}
    try:
        smtp.sendmail("somebody.else@elsewhere.test", [user], "Subject: forged\r\n\r\n")
        raise AssertionError("somebody else's address was accepted as a sender")
    except smtplib.SMTPException:
        pass

box = imaplib.IMAP4(host, int(imap))
box.starttls(context)
box.login(user, password)
assert ok(box.select("INBOX")) == [b"1"]
assert ok(box.uid("SEARCH", None, "SUBJECT", '"aus"')) == [b"1"]
assert ok(box.search(None, "UNSEEN")) == [b"1"]
raw = ok(box.fetch("1", "(UID FLAGS RFC822.SIZE BODY.PEEK[])"))[0][1]
got = email.message_from_bytes(raw, policy=email.policy.default)
assert got["Subject"] == "Grüße aus Wien", got["Subject"]
assert [part.get_payload(decode=True) for part in got.iter_attachments()] == [bytes(range(256)) * 40]
assert got.get_body().get_content().replace("\r\n", "\n") == "Eine Taube kam heim.\n.\n..\n"
assert b"\\Seen" not in ok(box.fetch("1", "(FLAGS)"))[0]

# APPEND with flags and a date; COPY; STORE; EXPUNGE.
ok(box.create("Täubchen".encode("utf-7").replace(b"+", b"&").decode()))
ok(box.create("Archive/2026"))
stamp = imaplib.Time2Internaldate(time.mktime((2001, 2, 3, 4, 5, 6, 0, 0, -1)))
for n in range(2, 12):
    text = f"Subject: number {n}\r\nMessage-ID: <{n}@python.test>\r\n\r\nbody {n}\r\n".encode()
    ok(box.append("INBOX", r"(\Flagged keyword)" if n % 2 else None, stamp, text))
ok(box.noop())
assert ok(box.search(None, "ALL")) == [b" ".join(b"%d" % n for n in range(1, 12))]
assert ok(box.search(None, "KEYWORD", "keyword", "FLAGGED")) == [b"3 5 7 9 11"]
assert ok(box.search(None, "SENTBEFORE", "1-Jan-2000")) == [b""]
assert ok(box.search(None, "BEFORE", "1-Jan-2002")) == [b" ".join(b"%d" % n for n in range(2, 12))]
assert ok(box.search(None, "NOT", "BODY", '"body 7"', "HEADER", "Message-ID", "7@python")) == [b""]
assert ok(box.search(None, "BODY", '"body 7"')) == [b"7"]
ok(box.copy("2:4", "Archive/2026"))
ok(box.store("2:3", "+FLAGS", r"(\Deleted)"))
ok(box.store("4", "FLAGS.SILENT", r"(\Answered)"))
gone = ok(box.expunge())
assert gone in ([b"2", b"2"], [b"3", b"2"]), gone
assert ok(box.fetch("2", "(FLAGS)"))[0].count(b"\\Answered") == 1
status = ok(box.status("Archive/2026", "(MESSAGES UNSEEN UIDNEXT)"))[0]
assert status.endswith(b"(MESSAGES 3 UNSEEN 3 UIDNEXT 4)"), status
roots, quotas = ok(box.getquotaroot("INBOX"))
assert roots == [f'"INBOX" "#user/{user}"'.encode()], roots
assert quotas == ok(box.getquota(f'"#user/{user}"')), quotas
kind, data = box.append("Nowhere", None, None, b"Subject: x\r\n\r\n")
assert kind == "NO" and b"TRYCREATE" in data[0], (kind, data)
ok(box.select("Archive/2026", readonly=True))
kind, data = box.store("1", "+FLAGS", r"(\Seen)") if not box.is_readonly else ("NO", None)
assert kind == "NO"
ok(box.unselect())
ok(box.rename("Archive/2026", "Archive/2027"))
names = b"\n".join(ok(box.list()))
assert b"Archive/2027" in names and b"Archive/2026" not in names, names
ok(box.delete("Archive/2027"))
box.logout()

try:
    imaplib.IMAP4_SSL(host, int(imaps), ssl_context=context).login(user, "wrong")
    raise AssertionError("a wrong password was accepted")
except imaplib.IMAP4.error as refusal:
    assert "AUTHENTICATIONFAILED" in str(refusal), refusal

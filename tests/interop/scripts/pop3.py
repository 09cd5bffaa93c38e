"""poplib against a server: argv is host, smtps, pop3s, pop3, CA file, user, password."""

import poplib
import smtplib
import ssl
import sys

host, smtps, pop3s, pop3, ca, user, password = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
with smtplib.SMTP_SSL(host, int(smtps), context=context) as smtp:
    smtp.login(user, password)
    for n in (1, 2, 3):
        text = f"From: {user}\r\nTo: {user}\r\nSubject: {n}\r\n\r\n.dot\r\nline {n}\r\n..\r\nlast"
        assert smtp.sendmail(user, [user], text) == {}


def login(secure):
    if secure:
        drop = poplib.POP3_SSL(host, int(pop3s), context=context)
    else:
        drop = poplib.POP3(host, int(pop3))
        assert "STLS" in drop.capa()
        drop.stls(context)
    drop.user(user)
    drop.pass_(password)
    return drop


drop = login(True)
count, size = drop.stat()
assert count == 3
sizes = [int(row.split()[1]) for row in drop.list()[1]]
assert sum(sizes) == size
ids = [row.split()[1] for row in drop.uidl()[1]]
assert len(set(ids)) == 3
lines = drop.retr(2)[1]
assert lines[-4:] == [b".dot", b"line 2", b"..", b"last"], lines
assert sum(len(line) + 2 for line in lines) == sizes[1]
head = drop.top(2, 1)[1]
assert head[-2:] == [b"", b".dot"], head
assert drop.top(2, 0)[1][-1] == b""
drop.dele(1)
for gone in (lambda: drop.retr(1), lambda: drop.dele(1), lambda: drop.list(1), lambda: drop.retr(9), lambda: drop.top(0, 1)):
    try:
        gone()
        raise AssertionError("a message that is not there was given")
    except poplib.error_proto:
        pass
assert drop.stat()[0] == 2
drop.rset()
assert drop.stat()[0] == 3
drop.dele(1)
drop.close()  # no QUIT: RFC 1939 section 6 removes nothing

drop = login(False)
assert [row.split()[1] for row in drop.uidl()[1]] == ids
drop.dele(2)
drop.quit()

drop = login(True)
assert [row.split()[1] for row in drop.uidl()[1]] == [ids[0], ids[2]]
assert [row.split()[0] for row in drop.uidl()[1]] == [b"1", b"2"]
drop.quit()

try:
    drop = poplib.POP3_SSL(host, int(pop3s), context=context)
    drop.user(user)
    drop.pass_("wrong")
    raise AssertionError("a wrong password was accepted")
except poplib.error_proto as refusal:
    assert b"[AUTH]" in refusal.args[0], refusal

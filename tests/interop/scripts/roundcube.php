<?php
// Roundcube's own IMAP library, as its webmail uses it: arguments are host, port, CA file, login and password.
error_reporting(E_ALL & ~E_DEPRECATED & ~E_NOTICE);
define('RCUBE_INSTALL_PATH', '/usr/share/roundcube/');
define('RCUBE_CONFIG_DIR', getcwd() . '/');
require '/usr/share/roundcube/program/lib/Roundcube/bootstrap.php';
[, $host, $port, $ca, $login, $password] = $argv;

function check($what, $said) {
    if ($said) return;
    fwrite(STDERR, "not so: $what\n");
    exit(1);
}

function same($what, $wanted, $had) {
    if ($wanted === $had) return;
    fwrite(STDERR, "$what: wanted " . json_encode($wanted) . ", had " . json_encode($had) . "\n");
    exit(1);
}

/** A connection as each page of the webmail has its own: an object remembers what it counted. */
function fresh() {
    global $host, $port, $ca, $login, $password;
    $imap = new rcube_imap();
    $ssl = ['verify_peer' => true, 'cafile' => $ca, 'peer_name' => 'localhost'];
    $imap->set_options(['socket_options' => ['ssl' => $ssl]]);
    check('login', $imap->connect($host, $login, $password, (int) $port, 'ssl'));
    return $imap;
}

rcube::get_instance();
$imap = fresh();
foreach (['SORT', 'THREAD=REFERENCES', 'QRESYNC', 'ACL', 'METADATA', 'QUOTA', 'LIST-EXTENDED', 'NAMESPACE'] as $name) {
    check("capability $name", $imap->get_capability($name));
}

// Folders
check('create', $imap->create_folder('Projekte/Übersicht', true));
check('listed', in_array('Projekte/Übersicht', array_map(fn($f) => rcube_charset::convert($f, 'UTF7-IMAP', 'UTF-8'), $imap->list_folders('', '*', null, null, true)))
    || in_array(rcube_charset::convert('Projekte/Übersicht', 'UTF-8', 'UTF7-IMAP'), $imap->list_folders('', '*', null, null, true)));
check('plain folder', $imap->create_folder('Work', true));
check('renamed', $imap->rename_folder('Work', 'Office'));
check('subscribed', in_array('Office', $imap->list_folders_subscribed('', '*', null, null, true)));
check('special folders', isset($imap->get_special_folders(true)['sent']));

// Messages: an answer, and one with an attachment
$texts = [
    "From: Anna <anna@example.org>\r\nTo: bob@example.org\r\nSubject: Lunch\r\nMessage-ID: <1@rc>\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\n\r\nAt noon?\r\n",
    "From: Bob <bob@example.org>\r\nTo: anna@example.org\r\nSubject: Re: Lunch\r\nMessage-ID: <2@rc>\r\nIn-Reply-To: <1@rc>\r\nReferences: <1@rc>\r\nDate: Mon, 5 Jan 2026 11:00:00 +0000\r\n\r\nGladly\r\n",
    "From: =?utf-8?Q?J=C3=BCrgen?= <j@example.org>\r\nTo: bob@example.org\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <3@rc>\r\nDate: Tue, 6 Jan 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\n"
    . "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSch=F6ne Gr=FC=DFe\r\n"
    . "--b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\n\r\nJVBERi0=\r\n--b--\r\n",
];
$uids = [];
foreach ($texts as $text) {
    $uids[] = (int) $imap->save_message('INBOX', $text, '', false, [], null, true);
}
check('UIDs of APPEND', $uids[0] > 0 && $uids[1] > $uids[0] && $uids[2] > $uids[1]);
same('count', 3, $imap->count('INBOX', 'ALL', true));
same('unseen', 3, $imap->count('INBOX', 'UNSEEN', true));
same('by subject', [$uids[2], $uids[0], $uids[1]], array_map('intval', $imap->index('INBOX', 'subject', 'ASC')->get()));
same('newest first', array_reverse($uids), array_map('intval', $imap->index('INBOX', 'date', 'DESC')->get()));
$imap->set_threading(true);
$threads = $imap->thread_index('INBOX', 'date', 'ASC');
same('threads', 2, $threads->count());
$imap->set_threading(false);
$list = $imap->list_messages('INBOX', 1, 'date', 'ASC');
same('list', 3, count($list));
same('name', 'Jürgen', rcube_mime::decode_address_list($list[2]->from, 1)[1]['name'] ?? null);
same('subject', 'Grüße', rcube_mime::decode_header($list[2]->subject, $list[2]->charset));
$found = $imap->search('INBOX', 'OR SUBJECT "Grüße" BODY "schöne"', 'UTF-8', 'date');
same('search', 1, $imap->get_search_set() ? $imap->count('INBOX', 'ALL') : -1);
$imap->set_search_set(null);
$message = $imap->get_message($uids[2], 'INBOX');
same('structure', 'multipart/mixed', $message->structure->mimetype);
same('attachment', 'a.pdf', $message->structure->parts[1]->filename);
$imap->set_folder('INBOX');
same('text', "Schöne Grüße", trim($imap->get_message_part($uids[2], 1)));
same('octets', '%PDF-', $imap->get_message_part($uids[2], 2));
check('raw', str_contains($imap->get_raw_body($uids[0]), 'At noon?'));

// Flags, moving, removing
check('flag', $imap->set_flag([$uids[0]], 'FLAGGED', 'INBOX'));
check('seen', $imap->set_flag('*', 'SEEN', 'INBOX'));
$imap->close();
$imap = fresh();
same('unseen after', 0, $imap->count('INBOX', 'UNSEEN', true));
check('copy', $imap->copy_message([$uids[0]], 'Office', 'INBOX'));
check('move', $imap->move_message([$uids[1]], 'Office', 'INBOX'));
$imap->close();
$imap = fresh();
same('left', 2, $imap->count('INBOX', 'ALL', true));
same('there', 2, $imap->count('Office', 'ALL', true));
check('delete', $imap->delete_message([$uids[0]], 'INBOX'));
$imap->close();
$imap = fresh();
same('one left', 1, $imap->count('INBOX', 'ALL', true));

// Rights, annotations, quota
check('rights', in_array('a', (array) $imap->my_rights('Office')));
check('acl', is_array($imap->get_acl('Office')));
check('annotation', $imap->set_metadata('Office', ['/private/comment' => 'mine']));
same('annotation again', 'mine', $imap->get_metadata('Office', ['/private/comment'])['Office']['/private/comment'] ?? null);
check('quota', $imap->get_quota('INBOX') !== null);
check('folder removed', $imap->delete_folder('Office'));
$imap->close();

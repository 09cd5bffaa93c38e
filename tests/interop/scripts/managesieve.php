<?php
// Roundcube's filter editor without its pages: arguments are host, port, CA file, login and password.
error_reporting(E_ALL & ~E_DEPRECATED & ~E_NOTICE & ~E_WARNING);
define('RCUBE_INSTALL_PATH', '/usr/share/roundcube/');
define('RCUBE_CONFIG_DIR', getcwd() . '/');
require '/usr/share/roundcube/program/lib/Roundcube/bootstrap.php';
require '/usr/share/roundcube/plugins/managesieve/lib/Roundcube/rcube_sieve.php';
require '/usr/share/roundcube/plugins/managesieve/lib/Roundcube/rcube_sieve_script.php';
[, $host, $port, $ca, $login, $password] = $argv;

function check($what, $said) {
    if ($said) return;
    fwrite(STDERR, "not so: $what\n");
    exit(1);
}

rcube::get_instance();
$ssl = ['ssl' => ['verify_peer' => true, 'verify_peer_name' => true, 'cafile' => $ca, 'peer_name' => 'localhost']];
$sieve = new rcube_sieve($login, $password, $host, (int) $port, 'PLAIN', true, [], false, null, null, $ssl);
check('login: ' . json_encode($sieve->error()), !$sieve->error());
check('extensions', in_array('fileinto', $sieve->get_extensions()) && in_array('vacation', $sieve->get_extensions()));

// A rule as its form makes it, in a script as it writes them.
check('a new script', $sieve->save_script('roundcube', "# made by a person\n"));
check('loaded', $sieve->load('roundcube'));
$sieve->script->add_rule([
    'name' => 'Bills',
    'join' => false,
    'tests' => [['test' => 'header', 'not' => false, 'type' => 'contains', 'arg1' => 'subject', 'arg2' => 'Invoice']],
    'actions' => [['type' => 'fileinto', 'target' => 'Archive'], ['type' => 'stop']],
]);
check('saved: ' . json_encode($sieve->error()), $sieve->save());
check('active', $sieve->activate('roundcube'));
check('listed', $sieve->get_scripts() === ['roundcube'] && $sieve->get_active() === 'roundcube');
check('read back', $sieve->load('roundcube') && $sieve->script->as_array()[0]['name'] === 'Bills');
check('what does not compile is refused', !$sieve->save_script('broken', 'bogus;'));
check('copied', $sieve->copy('copy', 'roundcube'));
check('removed', $sieve->remove('copy'));
echo "done\n";

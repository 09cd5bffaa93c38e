# RFC 5804 sections 2.5 to 2.12. The shelf holds "day", which is active, and "night".
@ plain

== all of a script's life
> AUTHENTICATE "PLAIN" "b64{\0user\0pass word}"
> LISTSCRIPTS
> GETSCRIPT "day"
> GETSCRIPT {5+}
> night
> HAVESPACE "new" 100
> PUTSCRIPT "new" {10+}
> discard;\r\n\
> 
> PUTSCRIPT {4+}
> n\xc3\xa9w "keep;"
> SETACTIVE "new"
> LISTSCRIPTS
> DELETESCRIPT "new"
> SETACTIVE ""
> RENAMESCRIPT "new" "old"
> DELETESCRIPT "old"
> LISTSCRIPTS
> UNAUTHENTICATE
> LISTSCRIPTS
< "IMPLEMENTATION" ...
< "SIEVE" ...
< "SASL" ...
< "NOTIFY" ...
< "MAXREDIRECTS" ...
< "LANGUAGE" ...
< "VERSION" ...
< OK "ManageSieve ready"
< OK "Logged in"
< "day" ACTIVE
< "night"
< OK
< {7}
< keep;
< 
< OK
< {15}
< discard; # "\\
< 
< OK
< OK "There is room"
< OK "The script is stored"
< OK "The script is stored"
< OK "The script is active"
< "day"
< "new" ACTIVE
< "night"
< "n\xc3\xa9w"
< OK
< NO (ACTIVE) "the script is active"
< OK "No script is active"
< OK "The script has its new name"
< OK "The script is gone"
< "day"
< "night"
< "n\xc3\xa9w"
< OK
< OK "Nobody is logged in now"
< NO "Log in first"
= put new: discard;
= put n\xe9w: keep;
= active new
= active null

== what is not there, and what is
> AUTHENTICATE "PLAIN" "b64{\0user\0pass word}"
> GETSCRIPT "noon"
> DELETESCRIPT "noon"
> RENAMESCRIPT "noon" "x"
> RENAMESCRIPT "day" "night"
> SETACTIVE "noon"
> DELETESCRIPT "day"
< "IMPLEMENTATION" ...
< "SIEVE" ...
< "SASL" ...
< "NOTIFY" ...
< "MAXREDIRECTS" ...
< "LANGUAGE" ...
< "VERSION" ...
< OK "ManageSieve ready"
< OK "Logged in"
< NO (NONEXISTENT) "there is no script noon"
< NO (NONEXISTENT) "there is no script noon"
< NO (NONEXISTENT) "there is no script noon"
< NO (ALREADYEXISTS) "there is a script night"
< NO (NONEXISTENT) "there is no script noon"
< NO (ACTIVE) "the script is active"

== a script that does not compile is not stored, and all that is wrong is told
> AUTHENTICATE "PLAIN" "b64{\0user\0pass word}"
> PUTSCRIPT "x" {23+}
> fileinto "A";
> bogus;
> 
> CHECKSCRIPT "redirect 5;"
> CHECKSCRIPT "keep;"
> CHECKSCRIPT "stop; keep;"
> CHECKSCRIPT {1+}
> \xff
> PUTSCRIPT "x" "require [\\"body\\"];"
< "IMPLEMENTATION" ...
< "SIEVE" ...
< "SASL" ...
< "NOTIFY" ...
< "MAXREDIRECTS" ...
< "LANGUAGE" ...
< "VERSION" ...
< OK "ManageSieve ready"
< OK "Logged in"
< NO {172}
< 1:1: The command `fileinto` needs ...
< 2:1: There is no command `bogus`. ...
< NO "1:10: address should be a string. ...
< OK "The script is right"
< OK (WARNINGS) "1:7: This is never reached, as it stands behind \\"stop\\"."
< NO "A script is text in UTF-8, and this one is not"
< NO "1:10: There is no extension \\"body\\" here. ...
=

== bounds, and a failure of the store
@ whole
> AUTHENTICATE "PLAIN" "b64{\0user\0pass word}"
> HAVESPACE "new" 1048577
> HAVESPACE "new" 4294967296
> PUTSCRIPT "new" {1100000+}
> rep{1100000*x}
> PUTSCRIPT "down" "keep;"
> HAVESPACE "new"
> HAVESPACE 5 5
> LISTSCRIPTS "x"
> SETACTIVE "a" "b" "c" "d" "e" "f" "g" "h" "i"
< "IMPLEMENTATION" ...
< "SIEVE" ...
< "SASL" ...
< "NOTIFY" ...
< "MAXREDIRECTS" ...
< "LANGUAGE" ...
< "VERSION" ...
< OK "ManageSieve ready"
< OK "Logged in"
< NO (QUOTA/MAXSIZE) "A script has at most 1048576 octets; this one has 1048577"
< NO "A number has 32 bits"
< NO (QUOTA/MAXSIZE) "A script has at most 1048576 octets; this one has 1100000"
< NO (TRYLATER) "Not possible just now, try again later"
< NO "HAVESPACE: Its arguments are: string, number"
< NO "HAVESPACE: Its arguments are: string, number"
< NO "LISTSCRIPTS: It takes no arguments"
< NO "Too many arguments"

== too many scripts
@ full
> AUTHENTICATE "PLAIN" "b64{\0user\0pass word}"
> PUTSCRIPT "new" "keep;"
> PUTSCRIPT "day" "discard;"
< "IMPLEMENTATION" ...
< "SIEVE" ...
< "SASL" ...
< "NOTIFY" ...
< "MAXREDIRECTS" ...
< "LANGUAGE" ...
< "VERSION" ...
< OK "ManageSieve ready"
< OK "Logged in"
< NO (QUOTA/MAXSCRIPTS) "too many scripts"
< OK "The script is stored"

== a literal that is too long even to be counted off ends the session
> AUTHENTICATE "PLAIN" "b64{\0user\0pass word}"
> PUTSCRIPT "new" {67108865+}
< "IMPLEMENTATION" ...
< "SIEVE" ...
< "SASL" ...
< "NOTIFY" ...
< "MAXREDIRECTS" ...
< "LANGUAGE" ...
< "VERSION" ...
< OK "ManageSieve ready"
< OK "Logged in"
< BYE "The literal is too long"
< !

== half an hour without a command
> AUTHENTICATE "PLAIN" "b64{\0user\0pass word}"
> NOOP
< "IMPLEMENTATION" ...
< "SIEVE" ...
< "SASL" ...
< "NOTIFY" ...
< "MAXREDIRECTS" ...
< "LANGUAGE" ...
< "VERSION" ...
< OK "ManageSieve ready"
< OK "Logged in"
< OK "Done"
~ 29m
> NOOP
< OK "Done"
~ 30m
< BYE "Too long without a command"
< !


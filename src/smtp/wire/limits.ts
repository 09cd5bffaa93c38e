/** Sizes of RFC 5321 section 4.5.3.1 and of its extensions, in octets. They are the least that must be accepted. */

/** Section 4.5.3.1.4: a command line with its CRLF, without extensions. */
export const COMMAND_LINE = 512;
/** A command line with the room that all extensions together ask for (RFC 1870, 3461, 4954, 6531, 8689). */
export const EXTENDED_COMMAND_LINE = 2048;
/** RFC 4954 section 4.5: a line of an authentication exchange. */
export const AUTH_LINE = 12_288;
/** Section 4.5.3.1.5: a reply line with its CRLF. */
export const REPLY_LINE = 512;
/** Section 4.5.3.1.8: recipients that one transaction must take. */
export const RECIPIENTS = 100;
/** RFC 3461 section 4.4: ENVID as xtext. */
export const ENVID = 100;
/** RFC 3461 section 4.2: ORCPT as xtext. */
export const ORCPT = 500;
/** A path with its source route. Section 4.5.3.1.3 asks for 256; long bounce addresses need more. */
export const PATH = 1024;

/** How the command line ends when it does not end well. */

/** Exit codes: contracts that scripts rely on. 75 is EX_TEMPFAIL of sysexits. */
export const EXIT = { ok: 0, refused: 1, usage: 2, temporary: 75 } as const;

/** Ends the command with a code and words on stderr: what is wrong, where, and what to do. */
export class Exit extends Error {
  override readonly name = "Exit";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** The command line was not understood. */
export function usage(message: string): Exit {
  return new Exit(EXIT.usage, message);
}

import { utf8Strict } from "../base/bytes.ts";
import type { Invocation, Option } from "./command.ts";
import { EXIT, Exit, usage } from "./exit.ts";

/** Ways to give a password; without one of them a person is asked. */
export const PASSWORD_OPTIONS: readonly Option[] = [
  { name: "password-stdin", help: "read the password from stdin (one line end behind it is not part of it)" },
  { name: "generate", help: "make a good password and print it, this once" },
];

/** Letters and digits that are not taken for each other; 32, so that five bits choose one. */
const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";
const STDIN_LIMIT = 4096;

/** The password that the options name, or that a person types twice. `generated` must be shown to somebody. */
export async function choosePassword(
  { options, io }: Pick<Invocation, "options" | "io">,
  address: string,
): Promise<{ readonly password: string; readonly generated: boolean }> {
  const fromStdin = options.has("password-stdin");
  if (options.has("generate")) {
    if (fromStdin) throw usage("--generate and --password-stdin exclude each other");
    return { password: generatePassword(), generated: true };
  }
  if (fromStdin) {
    const octets = await io.readAll(STDIN_LIMIT);
    const text = octets === null ? null : utf8Strict(octets);
    if (text === null) throw new Exit(EXIT.refused, "the password on stdin is too long or not UTF-8");
    const password = text.endsWith("\r\n") ? text.slice(0, -2) : text.endsWith("\n") ? text.slice(0, -1) : text;
    if (password === "") throw new Exit(EXIT.refused, "the password on stdin is empty");
    return { password, generated: false };
  }
  if (!io.interactive) {
    throw usage("a password is needed: give it with --password-stdin, or let one be made with --generate");
  }
  for (;;) {
    const first = await io.ask(`Password for ${address}: `, { hidden: true });
    const again = first === null ? null : await io.ask("The same again: ", { hidden: true });
    if (first === null || again === null) throw new Exit(EXIT.refused, "no password was given; nothing was changed");
    if (first === again && first !== "") return { password: first, generated: false };
    io.err(first === "" ? "The password is empty. Once more.\n" : "The two differ. Once more.\n");
  }
}

/** 100 bits of chance in four groups that can be read out on the telephone. */
export function generatePassword(): string {
  const octets = crypto.getRandomValues(new Uint8Array(20));
  const letters = [...octets].map((octet) => LETTERS[octet & 31]);
  return [0, 5, 10, 15].map((at) => letters.slice(at, at + 5).join("")).join("-");
}

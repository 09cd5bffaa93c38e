/** A message as other programs hand it to a delivery agent. */
import { latin1String } from "../../base/bytes.ts";
import { fieldText, headerFields } from "../../message/mod.ts";
import { readInput } from "./message.ts";

/** Octets of a mailbox file's From line. */
const FROM_LINE = 1000;

/**
 * The message with CRLF, without a mailbox file's From line, and its envelope sender as Return-Path (RFC 5321 section
 * 4.4) or that line says; `""` where nobody does.
 */
export function readDelivered(input: Uint8Array): { readonly message: Uint8Array; readonly sender: string } {
  const all = readInput(input, true);
  const line = latin1String(all.subarray(0, FROM_LINE));
  const from = /^>?From [^\r\n]*/.exec(line)?.[0];
  const end = from === undefined ? 0 : all.indexOf(10) + 1;
  const message = all.subarray(end);
  const path = headerFields(message).find(({ name }) => name === "return-path");
  const written = path === undefined ? null : /<([^<>]*)>/.exec(fieldText(path))?.[1]?.trim();
  return { message, sender: written ?? /^>?From (\S+)/.exec(from ?? "")?.[1] ?? "" };
}

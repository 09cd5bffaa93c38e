/** What a milter answers. */
import { latin1String, utf8Strict } from "../../base/bytes.ts";
import type { Refusal } from "../../contract/mod.ts";
import { isFieldName } from "../field.ts";
import { MilterBroken, type Packet, readTexts, readUint32 } from "./packet.ts";

/** One answer. */
export type MilterReply =
  | { readonly kind: "options"; readonly version: number; readonly actions: number; readonly protocol: number }
  | { readonly kind: "continue" | "accept" | "reject" | "tempfail" | "discard" | "skip" | "progress" }
  | { readonly kind: "reply"; readonly refusal: Refusal }
  | { readonly kind: "addField"; readonly name: string; readonly value: string }
  /** The field of that name, the `index`th from 1, gets another value; none: it goes. */
  | { readonly kind: "changeField"; readonly name: string; readonly index: number; readonly value: string }
  | { readonly kind: "quarantine"; readonly reason: string };

const SIMPLE: Readonly<
  Record<string, "continue" | "accept" | "reject" | "tempfail" | "discard" | "skip" | "progress">
> = { c: "continue", a: "accept", r: "reject", t: "tempfail", d: "discard", s: "skip", p: "progress" };

const LONGEST_TEXT = 400;

/** Reads a packet; throws `MilterBroken` for what was not agreed on. */
export function readReply({ command, data }: Packet): MilterReply {
  const simple = Object.hasOwn(SIMPLE, command) ? SIMPLE[command] : undefined;
  if (simple !== undefined) return { kind: simple };
  switch (command) {
    case "O":
      return {
        kind: "options",
        version: readUint32(data, 0),
        actions: readUint32(data, 4),
        protocol: readUint32(data, 8),
      };
    case "y":
      return { kind: "reply", refusal: readRefusal(textOf(readTexts(data)[0] ?? new Uint8Array())) };
    case "h":
      return readField(data);
    case "i": // a place among the fields, which is always the top here
      readUint32(data, 0);
      return readField(data.subarray(4));
    case "m":
      return { ...readField(data.subarray(4)), kind: "changeField", index: readUint32(data, 0) };
    case "q":
      return { kind: "quarantine", reason: printable(textOf(readTexts(data)[0] ?? new Uint8Array())) };
    default:
      throw new MilterBroken(`the answer ${JSON.stringify(command)} was not agreed on`);
  }
}

function readField(data: Uint8Array): Extract<MilterReply, { kind: "addField" }> {
  const [name, value] = readTexts(data).map(textOf);
  if (name === undefined || value === undefined || !isFieldName(name)) throw new MilterBroken("a field without a name");
  return { kind: "addField", name, value };
}

/** `550 5.7.1 words`, on one or several lines. What cannot be a reply of a refusal becomes one that can. */
export function readRefusal(text: string): Refusal {
  const lines = text.split(/\r?\n/).filter((line) => line !== "");
  const [, digits = "", enhanced] = /^([45]\d\d)[ -](?:([45]\.\d{1,3}\.\d{1,3}) )?/.exec(lines[0] ?? "") ?? [];
  const words = lines.map((line) => line.replace(/^[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3} )?/, "")).join(" ");
  // 421 would promise that the connection ends.
  const code = digits === "" ? 550 : digits === "421" ? 451 : Number(digits);
  const fits = enhanced !== undefined && enhanced[0] === String(code)[0];
  return { code, enhanced: fits ? enhanced : code < 500 ? "4.7.1" : "5.7.1", text: printable(words) || "Refused" };
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, " ").trim().slice(0, LONGEST_TEXT);
}

function textOf(octets: Uint8Array): string {
  return utf8Strict(octets) ?? latin1String(octets);
}

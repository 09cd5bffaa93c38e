/** Fields read once for all tests: by their names, decoded, as addresses, as texts that are compared. */
import { parseAddressList } from "../../message/address.ts";
import { fieldDecoded, fieldText } from "../../message/header.ts";
import type { TagSpec } from "../check/spec.ts";
import type { EnvelopeAddress } from "../../message/model.ts";
import type { Budget } from "../match/budget.ts";
import { type Comparator, ComparedText } from "../match/comparator.ts";
import type { DraftField } from "./draft.ts";

/** What was read of a field; reading costs steps, remembering does not. */
class ReadField {
  decoded: string | null = null;
  addresses: readonly EnvelopeAddress[] | null = null;
  compared: ComparedText | null = null;
  readonly parts = new Map<PartOf, AddressParts>();
}

type PartOf = NonNullable<TagSpec["addressPart"]>;

/** Parts of the addresses of a field; `count` has those that have no such part too. */
interface AddressParts {
  readonly comparator: Comparator;
  readonly values: readonly ComparedText[];
  readonly count: number;
}

/** What was read of the fields of a run. */
export class FieldReading {
  readonly #budget: Budget;
  readonly #named = new WeakMap<readonly DraftField[], ReadonlyMap<string, readonly DraftField[]>>();
  #last: { readonly of: readonly DraftField[]; readonly names: ReadonlyMap<string, readonly DraftField[]> } | null =
    null;
  readonly #read = new Map<DraftField, ReadField>();

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** The fields of a name (lower case), in their order. */
  named(fields: readonly DraftField[], name: string): readonly DraftField[] {
    if (this.#last?.of !== fields) this.#last = { of: fields, names: this.#namesOf(fields) };
    return this.#last.names.get(name) ?? NONE;
  }

  #namesOf(fields: readonly DraftField[]): ReadonlyMap<string, readonly DraftField[]> {
    const known = this.#named.get(fields);
    if (known !== undefined) return known;
    this.#budget.look(fields.length);
    const made = new Map<string, DraftField[]>();
    for (const field of fields) {
      const same = made.get(field.name);
      if (same === undefined) made.set(field.name, [field]);
      else same.push(field);
    }
    this.#named.set(fields, made);
    return made;
  }

  /** The value for people: unfolded, encoded-words decoded, white space at its ends gone. */
  decoded(field: DraftField): string {
    const read = this.#of(field);
    if (read.decoded === null) {
      this.#budget.look(field.raw.length);
      read.decoded = fieldDecoded(field).trim();
    }
    return read.decoded;
  }

  /** The same, to be compared. */
  compared(field: DraftField, comparator: Comparator): ComparedText {
    const read = this.#of(field);
    if (read.compared?.comparator !== comparator) read.compared = new ComparedText(this.decoded(field), comparator);
    return read.compared;
  }

  /** Its addresses. Encoded-words stay: decoded first, one could hold an address that is none. */
  addresses(field: DraftField): readonly EnvelopeAddress[] {
    const read = this.#of(field);
    if (read.addresses === null) {
      this.#budget.look(field.raw.length);
      read.addresses = parseAddressList(fieldText(field));
    }
    return read.addresses;
  }

  /** A part of each of them, to be compared. Groups are no addresses. */
  addressParts(field: DraftField, part: PartOf, separators: string, comparator: Comparator): AddressParts {
    const { parts } = this.#of(field);
    const known = parts.get(part);
    if (known?.comparator === comparator) return known;
    const values: ComparedText[] = [];
    let count = 0;
    for (const { mailbox, host } of this.addresses(field)) {
      if (mailbox === null || host === null) continue;
      count++;
      const value = part(mailbox, host, separators);
      if (value !== null) values.push(new ComparedText(value, comparator));
    }
    const made = { comparator, values, count };
    parts.set(part, made);
    return made;
  }

  #of(field: DraftField): ReadField {
    let read = this.#read.get(field);
    if (read === undefined) this.#read.set(field, read = new ReadField());
    return read;
  }
}

const NONE: readonly DraftField[] = [];

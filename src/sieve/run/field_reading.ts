/** Fields read once for all tests: by their names, decoded, as addresses. */
import { parseAddressList } from "../../message/address.ts";
import { fieldDecoded, fieldText } from "../../message/header.ts";
import type { EnvelopeAddress } from "../../message/model.ts";
import type { Budget } from "../match/budget.ts";
import type { DraftField } from "./draft.ts";

/** What was read of the fields of a run; reading costs steps, remembering does not. */
export class FieldReading {
  readonly #budget: Budget;
  readonly #named = new WeakMap<readonly DraftField[], ReadonlyMap<string, readonly DraftField[]>>();
  readonly #decoded = new WeakMap<DraftField, string>();
  readonly #addresses = new WeakMap<DraftField, readonly EnvelopeAddress[]>();

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** The fields of a name (lower case), in their order. */
  named(fields: readonly DraftField[], name: string): readonly DraftField[] {
    let names = this.#named.get(fields);
    if (names === undefined) {
      this.#budget.look(fields.length);
      const made = new Map<string, DraftField[]>();
      for (const field of fields) {
        const same = made.get(field.name);
        if (same === undefined) made.set(field.name, [field]);
        else same.push(field);
      }
      this.#named.set(fields, names = made);
    }
    return names.get(name) ?? NONE;
  }

  /** The value for people: unfolded, encoded-words decoded, white space at its ends gone. */
  decoded(field: DraftField): string {
    let text = this.#decoded.get(field);
    if (text === undefined) {
      this.#budget.look(field.raw.length);
      this.#decoded.set(field, text = fieldDecoded(field).trim());
    }
    return text;
  }

  /** Its addresses. Encoded-words stay: decoded first, one could hold an address that is none. */
  addresses(field: DraftField): readonly EnvelopeAddress[] {
    let list = this.#addresses.get(field);
    if (list === undefined) {
      this.#budget.look(field.raw.length);
      this.#addresses.set(field, list = parseAddressList(fieldText(field)));
    }
    return list;
  }
}

const NONE: readonly DraftField[] = [];

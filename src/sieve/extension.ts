/** An extension of the language: what it adds to the commands and tests that are there. */
import { extended, type Spec, type TagSpec, type WordSpec } from "./check/spec.ts";
import type { Comparator } from "./match/comparator.ts";
import type { ErrorList, Place } from "./syntax/tree.ts";

/** All of an extension. */
export interface SieveExtension {
  /** Its capability name; null for what is always there (RFC 5228). */
  readonly name: string | null;
  /** Extensions that whoever requires it has too. */
  readonly brings?: readonly string[];
  readonly commands?: readonly Spec[];
  readonly tests?: readonly Spec[];
  /** Tags for the commands and tests of others, by their names or by slots that they have. */
  readonly tags?: readonly { readonly on: readonly string[]; readonly tags: readonly TagSpec[] }[];
  /** Words for arguments of others. */
  readonly words?: readonly (
    & { readonly on: string; readonly name: string }
    & Pick<WordSpec, "values" | "isAddress">
  )[];
  /** Gives commands the tags of a slot too, each together with a tag of its own (RFC 8580). */
  readonly lends?: { readonly slot: string; readonly on: readonly string[]; readonly with: string };
  readonly comparators?: readonly Comparator[];
  /** Changes each string that has a `${` when the script is read. */
  readonly decodes?: (text: string, at: Place, errors: ErrorList) => string;
  /** Variables with this before a dot (RFC 5229 section 3). */
  readonly namespace?: string;
}

/** The language that extensions make together. */
export interface SieveLanguage {
  readonly names: readonly string[];
  readonly brings: ReadonlyMap<string, readonly string[]>;
  readonly commands: ReadonlyMap<string, Spec>;
  readonly tests: ReadonlyMap<string, Spec>;
  /** Each with the extension that it needs. */
  readonly comparators: ReadonlyMap<string, { readonly comparator: Comparator; readonly needs: string | null }>;
  readonly decoders: readonly { readonly needs: string; readonly decode: NonNullable<SieveExtension["decodes"]> }[];
  /** Each with the extension that it needs. */
  readonly namespaces: ReadonlyMap<string, string>;
}

/** Puts extensions together. */
export function languageOf(extensions: readonly SieveExtension[]): SieveLanguage {
  const named = extensions.flatMap(({ name, brings }) => name === null ? [] : [{ name, brings: brings ?? [] }]);
  const finish = (kind: "commands" | "tests") =>
    new Map(
      extensions.flatMap((extension) =>
        (extension[kind] ?? []).map((spec) => {
          const own = { ...spec, needs: extension.name };
          return [spec.name, extended(own, tagsFor(spec, extensions), wordsFor(spec, extensions))] as const;
        })
      ),
    );
  return {
    names: named.map(({ name }) => name),
    brings: new Map(named.map(({ name, brings }) => [name, brings])),
    commands: finish("commands"),
    tests: finish("tests"),
    comparators: new Map(
      extensions.flatMap(({ name: needs, comparators = [] }) =>
        comparators.map((comparator) => [comparator.name, { comparator, needs }] as const)
      ),
    ),
    decoders: extensions.flatMap(({ name, decodes }) => name && decodes ? [{ needs: name, decode: decodes }] : []),
    namespaces: new Map(
      extensions.flatMap(({ name, namespace }) => name && namespace ? [[namespace, name] as const] : []),
    ),
  };
}

function tagsFor(spec: Spec, extensions: readonly SieveExtension[]): TagSpec[] {
  const places = [spec.name, ...spec.slots];
  const inSlots = (places: readonly string[]) =>
    extensions.flatMap(({ name, tags = [] }) =>
      tags.filter(({ on }) => on.some((place) => places.includes(place)))
        .flatMap(({ tags }) => tags.map((tag) => name === null ? tag : { ...tag, needs: name }))
    );
  const lent = extensions.flatMap(({ lends }) =>
    lends?.on.includes(spec.name) ? inSlots([lends.slot]).map((tag) => ({ ...tag, with: lends.with })) : []
  );
  return [...inSlots(places), ...lent];
}

function wordsFor(spec: Spec, extensions: readonly SieveExtension[]): ReadonlyMap<string, WordSpec> {
  return new Map(
    extensions.flatMap(({ name, words = [] }) =>
      words.filter(({ on }) => on === spec.name)
        .map((word) => [word.name, { needs: name ?? "", values: word.values, isAddress: word.isAddress }] as const)
    ),
  );
}

/** Every method and error of RFC 8620 and RFC 8621 has a test that names its section. */
import assert from "node:assert/strict";
import { METHODS } from "../../../../src/jmap/methods.ts";
import { NEVER, RULES } from "./rules.ts";

const FOLDERS = ["../../../jmap/", "../", "./"].map((path) => new URL(path, import.meta.url));

interface Case {
  readonly name: string;
  /** From its name to the next test. */
  readonly text: string;
}

const CASES: readonly Case[] = FOLDERS.flatMap((folder) =>
  [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith("_test.ts")).flatMap(({ name: file }) =>
    Deno.readTextFileSync(new URL(file, folder)).split(/^Deno\.test\(/m).slice(1).flatMap((text): Case[] => {
      const name = /^\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
      return name === undefined ? [] : [{ name, text }];
    })
  )
);

/** Tests of a section: `RFC 8621 4.6: …`, or as older names have it `RFC 8621 sections 4.6 and 4.7: …`. */
function ofSection(rfc: number, section: string): readonly Case[] {
  return CASES.filter(({ name }) => {
    const head = name.slice(0, name.indexOf(":"));
    const after = head.split(`RFC ${rfc}`)[1]?.split("RFC")[0] ?? "";
    return after.split(/[ ,]+/).includes(section);
  });
}

function hasWord(text: string, word: string): boolean {
  return new RegExp(`(^|[^A-Za-z/])${word}($|[^A-Za-z/])`).test(text);
}

Deno.test("every method and error of RFC 8620 and RFC 8621 has a test of its section that names it", () => {
  for (const { rfc, section, method, errors } of RULES) {
    const cases = ofSection(rfc, section);
    assert.ok(cases.length > 0, `RFC ${rfc} section ${section} has no test`);
    const named = method === ""
      ? cases
      : cases.filter(({ name, text }) => hasWord(name, method) || text.includes(`"${method}"`));
    assert.ok(named.length > 0, `no test of RFC ${rfc} section ${section} names ${method}`);
    for (const error of errors) {
      const tried = named.some(({ name, text }) =>
        hasWord(name, error) && hasWord(text.slice(text.indexOf(name) + name.length), error)
      );
      assert.ok(tried, `no test of RFC ${rfc} section ${section} tries ${method} ${error}`);
    }
  }
});

Deno.test("every method of the server that RFC 8620 and RFC 8621 define is in the table of rules, and every error it may give", () => {
  const ruled = new Set(RULES.map(({ method }) => method));
  for (const name of METHODS.keys()) {
    // Other capabilities have specifications of their own.
    if (
      !/^(Core|Mailbox|Thread|Email|SearchSnippet|Identity|EmailSubmission|VacationResponse|PushSubscription)\//.test(
        name,
      )
    ) {
      continue;
    }
    assert.ok(ruled.has(name), `${name} is in no rule`);
  }
  const errors = new Set([...RULES.flatMap(({ errors }) => errors), ...Object.keys(NEVER)]);
  const source = Deno.readTextFileSync(new URL("../../../../src/jmap/error.ts", import.meta.url));
  const others = /^(stateTooOld|mdnAlreadySent|sieveIsActive|invalidSieve|unknownDataType|blobNotFound|limit)$/;
  const types = [...source.matchAll(/^ {2}\| "([A-Za-z]+)"/gm)].map(([, word]) => word!);
  assert.ok(types.length > 40);
  for (const type of types) if (!others.test(type)) assert.ok(errors.has(type), `${type} is in no rule`);
});

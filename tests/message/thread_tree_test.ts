import assert from "node:assert/strict";
import fc from "fast-check";
import { type ThreadAlgorithm, type ThreadMessage, type ThreadNode, threads } from "../../src/message/mod.ts";

function threaded(messages: readonly ThreadMessage[], algorithm: ThreadAlgorithm): string {
  const work = threads(messages, algorithm);
  for (;;) {
    const step = work.next();
    if (step.done) return step.value.map(print).join("");
  }
}

/** Every node in parentheses; `-` where nobody has the message. */
function print(node: ThreadNode): string {
  return `(${node.uid ?? "-"}${node.children.map(print).join("")})`;
}

let nextDate = 0;
function message(uid: number, id: string | null, references: string[] = [], subject = id ?? "", date = nextDate++) {
  return { uid, messageId: id, references, subject, date };
}

Deno.test("REFERENCES: children by what they refer to, in the order of their dates", () => {
  const list = [
    message(1, "a"),
    message(2, "b", ["a"]),
    message(3, "c", ["a", "b"]),
    message(4, "d", ["a"]),
    message(5, "e"),
  ];
  assert.equal(threaded(list, "references"), "(1(2(3))(4))(5)");
  assert.equal(
    threaded([...list].reverse().map((one, i) => ({ ...one, uid: i + 1 })), "references"),
    "(5(4(3))(2))(1)",
  );
});

Deno.test("REFERENCES: a missing parent is a thread of several, or goes", () => {
  assert.equal(threaded([message(1, "b", ["gone"]), message(2, "c", ["gone"])], "references"), "(-(1)(2))");
  assert.equal(threaded([message(1, "b", ["gone"])], "references"), "(1)");
  assert.equal(threaded([message(1, "c", ["gone", "lost"]), message(2, "d", ["gone"])], "references"), "(-(1)(2))");
  assert.equal(threaded([message(1, "a"), message(2, "c", ["a", "gone"])], "references"), "(1(2))");
});

Deno.test("REFERENCES: loops, doubles and messages that refer to themselves", () => {
  assert.equal(threaded([message(1, "a", ["b"], "x"), message(2, "b", ["a"], "y")], "references"), "(2(1))");
  assert.equal(threaded([message(1, "a", ["a"])], "references"), "(1)");
  assert.equal(
    threaded([message(1, "a", [], "x"), message(2, "a", [], "y"), message(3, "b", ["a"], "z")], "references"),
    "(1(3))(2)",
  );
  assert.equal(threaded([message(1, null, [], "x"), message(2, null, ["a"], "y")], "references"), "(1)(2)");
});

Deno.test("REFERENCES gathers by base subject, REFS does not", () => {
  const list = [message(1, "a", [], "Lunch"), message(2, "b", [], "Re: lunch"), message(3, "c", [], "[list] LUNCH")];
  assert.equal(threaded(list, "references"), "(-(1(2))(3))");
  assert.equal(threaded(list, "refs"), "(1)(2)(3)");
  const late = [message(1, "b", [], "Re: lunch", 1), message(2, "a", [], "Lunch", 2)];
  assert.equal(threaded(late, "references"), "(2(1))");
  assert.equal(threaded([message(1, "a", [], ""), message(2, "b", [], "")], "references"), "(1)(2)");
});

Deno.test("REFS: the thread with the newest message comes last", () => {
  const list = [message(1, "a", [], "a", 1), message(2, "b", [], "b", 2), message(3, "c", ["a"], "c", 3)];
  assert.equal(threaded(list, "refs"), "(2)(1(3))");
  assert.equal(threaded(list, "references"), "(1(3))(2)");
});

Deno.test("ORDEREDSUBJECT: the first of a subject and the others below it", () => {
  const list = [
    message(1, null, [], "b", 5),
    message(2, null, [], "Re: a", 2),
    message(3, null, [], "a", 1),
    message(4, null, [], "Re: b", 9),
  ];
  assert.equal(threaded(list, "orderedSubject"), "(3(2))(1(4))");
});

Deno.test("threads hold every message once, whatever the references are", () => {
  const id = fc.constantFrom("a", "b", "c", "d", "e", "f");
  const any = fc.array(
    fc.record({
      messageId: fc.option(id),
      references: fc.array(id, { maxLength: 5 }),
      subject: fc.constantFrom("", "x", "Re: x", "y", "Fwd: y"),
      date: fc.integer({ min: 0, max: 5 }),
    }),
    { maxLength: 12 },
  );
  fc.assert(fc.property(any, fc.constantFrom("orderedSubject", "references", "refs"), (list, algorithm) => {
    const messages = list.map((one, i) => ({ ...one, uid: i + 1 }));
    const found = threaded(messages, algorithm as ThreadAlgorithm).match(/\d+/g) ?? [];
    assert.deepEqual(found.map(Number).sort((a, b) => a - b), messages.map(({ uid }) => uid));
  }));
});

Deno.test("hostile references: chains, stars and rings of many thousands end", () => {
  const many = 20_000;
  const chain = Array.from({ length: many }, (_, i) => message(i + 1, `${i}`, i === 0 ? [] : [`${i - 1}`], "x"));
  const ring = Array.from({ length: many }, (_, i) => message(i + 1, `${i}`, [`${(i + 1) % many}`], "x"));
  const long = Array.from(
    { length: many / 100 },
    (_, i) => message(i + 1, `m${i}`, Array.from({ length: 100 }, (_, k) => `${k * i}`)),
  );
  for (const list of [chain, ring, long]) {
    for (const algorithm of ["references", "refs"] as const) {
      const work = threads(list, algorithm);
      let step = work.next();
      while (!step.done) step = work.next();
      const open = [...step.value];
      let count = 0;
      for (let node = open.pop(); node; node = open.pop()) {
        if (node.uid !== null) count++;
        open.push(...node.children);
      }
      assert.equal(count, list.length);
    }
  }
});

import assert from "node:assert/strict";
import { routeRecipient } from "../../src/mda/mod.ts";
import { runProgram } from "../support/run_program.ts";
import { alias, directory } from "./world_of_addresses.ts";

const OPTIONS = { hostname: "mx.ours.example", localAddress: "192.0.2.25" };

function routed(address: string, answers = directory): string[] {
  const { routes, problems } = runProgram(routeRecipient(address, OPTIONS), answers).result;
  return [
    ...routes.map((route) => route.kind === "remote" ? `${route.address} at ${route.domain}` : route.address),
    ...problems.map(({ kind, address }) => `${kind} ${address}`),
  ];
}

const TABLE: readonly (readonly [address: string, ...expected: string[]])[] = [
  ["alice@ours.example", "alice@ours.example"],
  ["alice@OURS.example", "alice@ours.example"],
  ["alice+news@ours.example", "alice+news@ours.example"],
  ["team@ours.example", "alice@ours.example", "bob@ours.example"],
  ["away@ours.example", "Ann@else.example at else.example"],
  ["x@b\u00fccher.example", "x@b\u00fccher.example at xn--bcher-kva.example"],
  ["nobody@ours.example", "unknown nobody@ours.example"],
  ["gone@ours.example", "disabled gone@ours.example"],
  ["loop1@ours.example", "loop loop1@ours.example"],
  ["half@ours.example", "bob@ours.example", "unknown nobody@ours.example"],
  ["POSTMASTER", "alice@ours.example"],
  ["postmaster@[192.0.2.25]", "alice@ours.example"],
  ["bob@[192.0.2.25]", "bob@ours.example"],
  ["bob@[192.0.2.99]", "bob@[192.0.2.99] at [192.0.2.99]"],
  ["victim%else.example@ours.example", "unknown victim%else.example@ours.example"],
  ["else.example!victim@ours.example", "unknown else.example!victim@ours.example"],
  ['"victim@else.example"@ours.example', 'unknown "victim@else.example"@ours.example'],
  ["a@b@ours.example", "invalid a@b@ours.example"],
  ["alice@ours.example.", "invalid alice@ours.example."],
  ["alice", "invalid alice"],
];

for (const [address, ...expected] of TABLE) {
  Deno.test(`routeRecipient() leads ${address} to ${expected.join(", ")}`, () => {
    assert.deepEqual(routed(address), expected);
  });
}

Deno.test("routeRecipient() gives up on a chain of more than 20 aliases", () => {
  const chain = {
    ...directory,
    "address.resolve": ({ address }: { address: string }) => alias(address, "a" + address),
  };
  assert.match(routed("a@ours.example", chain)[0]!, /^loop /);
});

Deno.test("routeRecipient() refuses an alias with more than 1,000 targets", () => {
  const many = Array.from({ length: 1_001 }, (_, i) => `u${i}@ours.example`);
  const wide = { ...directory, "address.resolve": () => alias("all@ours.example", ...many) };
  assert.deepEqual(routed("all@ours.example", wide), ["tooMany all@ours.example"]);
});

Deno.test("routeRecipient() finds no postmaster where there is nobody at all", () => {
  const empty = { ...directory, "domain.list": () => [], "address.resolve": () => ({ kind: "remote" }) as const };
  assert.deepEqual(routed("postmaster", empty), ["noPostmaster postmaster"]);
});

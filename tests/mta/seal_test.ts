import assert from "node:assert/strict";
import { latin1Bytes, latin1String } from "../../src/base/bytes.ts";
import type { AnswerOf, Args } from "../../src/contract/mod.ts";
import { sealArc } from "../../src/mailauth/mod.ts";
import { receiveMail } from "../../src/mta/receive.ts";
import { chainOf } from "../mailauth/arc/world.ts";
import { testKey, txt } from "../mailauth/dkim/world.ts";
import { message, peer, receiveArgs } from "../mda/world_of_addresses.ts";
import type { Answers } from "../support/run_machine.ts";
import { argsOf, runProgram, WorldFails } from "../support/run_program.ts";

const KEY = testKey("ed25519", "ours.example", "arc");
const ZONES = {
  [KEY.name]: KEY.record,
  "else.example": "v=spf1 ip4:192.0.2.1 -all",
  "_dmarc.else.example": "v=DMARC1; p=reject",
};
const HEADER = "From: Ann <ann@else.example>\r\nTo: away@ours.example\r\nSubject: x\r\n";
const OCTETS = latin1Bytes(`${HEADER}\r\nHello\r\n`);

/** A message to an alias that leads outside; `seal` answers `message.seal`. */
function forward(seal: (args: Args<"message.seal">) => AnswerOf<"message.seal">, to = "away@ours.example") {
  const answers: Answers = {
    ...message(HEADER),
    "blob.read": ({ start, end }) => OCTETS.slice(start, end),
    "dns.resolve": ({ name, type }) => txt(type === "TXT" ? ZONES : {}, name),
    "message.seal": seal,
  };
  const policy = {
    hostname: "mx.ours.example",
    messageSize: 10_000,
    maxHops: 100,
    giveUpMs: 1000,
    forwarding: { srs: false },
    authentication: {
      dmarc: "enforce",
      spf: "mark",
      organization: "treewalk",
      trustedForwarders: [],
      isTrusted: () => false,
    },
  } as const;
  const args = { ...receiveArgs(peer("smtp"), to), size: OCTETS.length };
  const ran = runProgram(receiveMail(args, policy), answers);
  const [accept] = argsOf(ran.calls, "mail.accept");
  return { ...ran, queued: accept!.queued };
}

const really = ({ blobId, size, prefix, now, authenticationResults, chain }: Args<"message.seal">) => {
  const program = sealArc({ blobId, size, prefix }, { now, key: KEY.key, authenticationResults, chain });
  const sealed = runProgram(program, { "blob.read": ({ start, end }) => OCTETS.slice(start, end) }).result;
  assert.ok("fields" in sealed);
  return { fields: sealed.fields };
};

Deno.test("what is forwarded bears a seal that holds, and says what was found", () => {
  const { queued, calls } = forward(really);
  const [asked] = argsOf(calls, "message.seal");
  assert.deepEqual(asked!.domains, ["ours.example"]);
  assert.equal(asked!.chain, "none");
  assert.match(asked!.authenticationResults, /^mx\.ours\.example; spf=pass .* dmarc=pass header\.from=else\.example/);
  const outgoing = new Uint8Array([...queued[0]!.prefix, ...OCTETS]);
  const now = argsOf(calls, "mail.accept")[0]!.now;
  const chain = chainOf(outgoing, ZONES, Infinity, now);
  assert.deepEqual([chain.result, chain.instance], ["pass", 1], chain.reason);
  assert.equal(chain.claims[0]!.sealedBy, "ours.example");
  assert.match(
    latin1String(queued[0]!.prefix),
    /^ARC-Seal: [^]*\r\nDelivered-To: away@ours\.example\r\nAuthentication-Results: /,
  );
});

Deno.test("what cannot be sealed is forwarded as it is, and what stays here is not sealed", () => {
  const plain = forward(() => ({ unsealed: "noKeys" })).queued[0]!.prefix;
  assert.match(latin1String(plain), /^Delivered-To: /);
  const broken = forward(() => {
    throw new WorldFails();
  });
  assert.deepEqual(broken.queued[0]!.prefix, plain);
  assert.ok(broken.logs.some(({ event, level }) => event === "message.unsealed" && level === "warn"));
  const { calls } = forward(really, "bob@ours.example");
  assert.equal(argsOf(calls, "message.seal").length, 0);
});

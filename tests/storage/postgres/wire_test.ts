/** The client of PostgreSQL's protocol against servers that say what they like. */
import assert from "node:assert/strict";
import * as net from "node:net";
import * as fc from "fast-check";
import { concatBytes, latin1Bytes } from "../../../src/base/bytes.ts";
import { Secret } from "../../../src/base/secret.ts";
import { type DatabaseAddress, parseDatabaseUrl, placeOf } from "../../../src/storage/postgres/wire/address.ts";
import { connect, type Connection, ConnectionLost } from "../../../src/storage/postgres/wire/connection.ts";
import { FrameReader, FrameWriter } from "../../../src/storage/postgres/wire/frames.ts";
import { parse } from "../../../src/storage/postgres/wire/statement.ts";
import { rowWrite, Writes } from "../../../src/storage/postgres/writes.ts";

function frame(type: string, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const head = new Uint8Array(5);
  head[0] = type.charCodeAt(0);
  new DataView(head.buffer).setUint32(1, body.length + 4);
  return concatBytes([head, body]);
}

const int32 = (value: number) => new Uint8Array(new Uint32Array([value]).buffer).reverse();
const AUTHENTICATED = frame("R", int32(0));
const READY = frame("Z", latin1Bytes("I"));

/** A server that answers each packet by the next of these; null closes. */
async function against(
  answers: readonly (Uint8Array | null)[],
  run: (address: DatabaseAddress) => Promise<void>,
  more: Partial<DatabaseAddress> = {},
): Promise<void> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    const left = [...answers];
    socket.on("error", () => {});
    socket.on("data", () => {
      const answer = left.shift();
      if (answer === null) socket.destroy();
      else if (answer) socket.write(answer);
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as net.AddressInfo;
  try {
    await run({
      host: "127.0.0.1",
      port,
      user: "u",
      password: new Secret("hidden"),
      database: "d",
      ssl: "disable",
      authorities: null,
      ...more,
    });
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((closed) => server.close(closed));
  }
}

async function using(address: DatabaseAddress, run: (connection: Connection) => Promise<void>): Promise<void> {
  const connection = await connect(address);
  try {
    await run(connection);
  } finally {
    connection.destroy(new Error("the test has ended"));
  }
}

const ASK = [{ sql: "select 1", values: [] }];

Deno.test("parseDatabaseUrl() reads what PostgreSQL's own programs read, and says what is wrong", () => {
  const read = parseDatabaseUrl("postgresql://me:p%40ss@[::1]:5433/mail?sslmode=require");
  assert.ok(typeof read !== "string");
  assert.deepEqual([read.host, read.port, read.user, read.password?.reveal(), read.database, read.ssl], [
    "::1",
    5433,
    "me",
    "p@ss",
    "mail",
    "require",
  ]);
  const socket = parseDatabaseUrl("postgres://palomar@/mail?host=/run/postgresql");
  assert.ok(typeof socket !== "string");
  assert.equal(placeOf(socket), "the database mail at /run/postgresql/.s.PGSQL.5432");
  const bare = parseDatabaseUrl("postgres://db.example/");
  assert.ok(typeof bare !== "string" && bare.database === bare.user && bare.ssl === "prefer" && bare.password === null);
  for (
    const [url, problem] of [
      ["mysql://a/b", /begin with postgres/],
      ["postgres://a/b?sslmode=maybe", /sslmode should be one of/],
      ["postgres://a/b?pool=9", /the parameter pool is not known/],
      ["postgres://a:x:y@@/b", /./],
      ["postgres://a/b?sslrootcert=/nowhere.pem", /sslrootcert/],
    ] as const
  ) {
    const answer = parseDatabaseUrl(url);
    assert.ok(typeof answer === "string", url);
    assert.match(answer, problem);
  }
});

Deno.test("FrameReader gives the same messages however they are cut, and refuses absurd lengths", () => {
  const bodies = fc.array(fc.tuple(fc.constantFrom("D", "C", "T"), fc.uint8Array({ maxLength: 40 })), { maxLength: 8 });
  fc.assert(fc.property(bodies, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (all, cuts) => {
    const octets = concatBytes(all.map(([type, body]) => frame(type, body)));
    const reader = new FrameReader();
    const got: [string, Uint8Array][] = [];
    for (let at = 0, cut = 0; at < octets.length; cut++) {
      const size = cuts[cut % cuts.length]!;
      for (const { type, body } of reader.push(octets.slice(at, at + size))) got.push([type, body.slice()]);
      at += size;
    }
    assert.deepEqual(got, all.map(([type, body]) => [type, Uint8Array.from(body)]));
  }));
  for (const length of [0, 3, 0x7fffffff, 0xffffffff]) {
    const octets = concatBytes([latin1Bytes("D"), int32(length), new Uint8Array(8)]);
    assert.throws(() => [...new FrameReader().push(octets)], /does not speak PostgreSQL/);
  }
});

Deno.test("numbers, texts and octets are written as PostgreSQL reads them", () => {
  const writer = new FrameWriter();
  const made = parse("select ?i, ?t, ?b, ?I where 'what?' = ?t");
  assert.equal(made.text, "select $1, $2, $3, $4 where 'what?' = $5");
  writer.bind("", made, [-2, "é", new Uint8Array([255]), [2 ** 40, null], null]);
  const bytes = writer.take();
  const at = bytes.indexOf(8); // the first length of eight
  assert.deepEqual([...bytes.slice(at, at + 9)], [8, 255, 255, 255, 255, 255, 255, 255, 254]);
  assert.ok(bytes.toHex().includes("00000002c3a9" + "00000001ff"));
  assert.ok(bytes.toHex().includes("0000000800000100" + "00000000" + "ffffffff" + "ffffffff"));
});

Deno.test("rows for one statement are one, in order within a table, and of two changes of a row the later counts", () => {
  const add = rowWrite("t", "it", "insert into t select * from $rows");
  const save = rowWrite("t", "it", "update t from $rows", 1);
  const other = rowWrite("u", "i", "delete from u $rows");
  const writes = new Writes();
  writes.add(add, [1, "a"]);
  writes.add(other, [9]);
  writes.add(add, [2, "b"]);
  writes.add(save, [1, "c"]);
  writes.add(save, [2, "d"]);
  writes.add(save, [1, "e"]);
  writes.add(add, [3, "f"]);
  assert.deepEqual(writes.take().map(({ sql, values }) => [sql.split(" ")[0], values]), [
    ["insert", [[1, 2], ["a", "b"]]],
    ["delete", [[9]]],
    ["update", [[1, 2], ["e", "d"]]],
    ["insert", [[3], ["f"]]],
  ]);
  assert.ok(writes.isEmpty);
});

Deno.test("a server that goes away in an answer, or says nonsense, is a connection that is lost for good", async () => {
  const login = concatBytes([AUTHENTICATED, READY]);
  for (const answer of [null, concatBytes([latin1Bytes("D"), int32(2)]), frame("D", new Uint8Array([0]))]) {
    await against([login, answer], (address) =>
      using(address, async (connection) => {
        await assert.rejects(connection.exchange(ASK), ConnectionLost);
        assert.equal(connection.isOpen, false);
        await assert.rejects(connection.exchange(ASK), ConnectionLost);
      }));
  }
});

Deno.test("what the server says is wrong is told with its code, and the connection lives", async () => {
  const error = frame("E", latin1Bytes("SERROR\0C42P01\0Mno such table\0\0"));
  const fine = concatBytes([frame("1"), frame("n"), frame("2"), frame("C", latin1Bytes("UPDATE 7\0")), READY]);
  await against(
    [concatBytes([AUTHENTICATED, READY]), concatBytes([error, READY]), fine],
    (address) =>
      using(address, async (connection) => {
        await assert.rejects(connection.exchange(ASK), { code: "42P01", message: "PostgreSQL: no such table (42P01)" });
        assert.equal((await connection.exchange(ASK))[0]!.count, 7); // prepared anew, for the server did not take it
      }),
  );
});

Deno.test("a password goes in the clear to nobody, and TLS is what the address asks for", async () => {
  await against([frame("R", int32(3))], (address) =>
    assert.rejects(connect(address), (error: Error) => {
      assert.match(error.message, /wants the password in the clear: use TLS/);
      assert.doesNotMatch(error.message, /hidden/);
      return true;
    }));
  await against([latin1Bytes("N")], (address) => assert.rejects(connect(address), /it has no TLS/), { ssl: "require" });
  // What comes with the answer to the wish for TLS was said by anybody.
  const stuffed = concatBytes([latin1Bytes("S"), AUTHENTICATED, READY]);
  await against([stuffed], (address) => assert.rejects(connect(address), /said more than/), { ssl: "require" });
  await against(
    [latin1Bytes("N"), concatBytes([AUTHENTICATED, READY])],
    (address) => using(address, () => Promise.resolve()),
    { ssl: "prefer" },
  );
});

Deno.test("a server that cannot prove itself in SCRAM-SHA-256 is left", async () => {
  const offer = frame("R", concatBytes([int32(10), latin1Bytes("SCRAM-SHA-256\0\0")]));
  for (
    const [answers, problem] of [
      [[offer, AUTHENTICATED], /without its proof/],
      [[offer, frame("R", concatBytes([int32(11), latin1Bytes("r=other,s=AAAA,i=4096")]))], /SCRAM-SHA-256 failed/],
      [[offer, frame("R", concatBytes([int32(11), latin1Bytes("r=,s=,i=99999999999")]))], /SCRAM-SHA-256 failed/],
      [[frame("R", concatBytes([int32(10), latin1Bytes("SCRAM-FUTURE\0\0")]))], /does not know SCRAM-SHA-256/],
      [[frame("R", int32(7))], /not known here/],
    ] as const
  ) {
    await against(answers, (address) => assert.rejects(connect(address), problem));
  }
});

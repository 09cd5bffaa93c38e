import assert from "node:assert/strict";
import { queueMail } from "../http/admin_over_memory.ts";
import { Suppressions } from "../../src/server/sending/suppressions.ts";
import { desk } from "./command_line.ts";

Deno.test("domain add, list, catch-all, dns and remove", async () => {
  const { run } = desk();
  const none = await run("domain list");
  assert.deepEqual([none.code, none.out], [0, ""]);
  assert.match(none.err, /no domains yet/);
  assert.match((await run("domain add Example.org")).out, /^example\.org is added\./);
  assert.match((await run("domain list")).out, /^DOMAIN +CATCH-ALL +CREATED\nexample\.org +- +2026-01-31 12:00:00\n$/);
  assert.equal((await run("account add alice@example.org --password-stdin", { stdin: "pw\n" })).code, 0);
  assert.equal((await run("domain catch-all example.org alice@example.org")).code, 0);
  assert.equal(JSON.parse((await run("domain list --json")).out)[0].catchAll, "alice@example.org");
  assert.equal((await run("domain catch-all example.org --none")).code, 0);
  assert.equal((await run("domain catch-all example.org")).code, 2);
  assert.equal((await run("domain catch-all example.org alice@example.org --none")).code, 2);

  const dns = JSON.parse((await run("domain dns example.org --json")).out) as { name: string; type: string }[];
  for (const type of ["MX", "A", "TXT", "SRV", "PTR"]) assert.ok(dns.some((one) => one.type === type), type);
  assert.match((await run("domain dns example.org")).out, /^example\.org\. IN MX 10 mail\.example\.org\.$/m);
  assert.equal((await run("domain dns example.net")).code, 1);

  const inUse = await run("domain remove example.org");
  assert.deepEqual([inUse.code, inUse.out], [1, ""]);
  assert.equal((await run("account remove alice@example.org")).code, 0);
  assert.equal((await run("domain remove example.org")).code, 0);
  assert.equal((await run("domain remove example.org")).code, 1);
});

Deno.test("token add takes scopes and an end, and token list shows them", async () => {
  const { run } = desk();
  await run("domain add example.org");
  await run("account add a@example.org --generate");
  assert.equal((await run("token add a@example.org phone --scope imap --scope submission --expires 90d")).code, 0);
  assert.equal((await run("token add a@example.org all")).code, 0);
  assert.match(
    (await run("token list a@example.org")).out,
    / imap submission .* never\n.* all +everything .* removed +never\n$/,
  );
  const [phone] = JSON.parse((await run("token list a@example.org --json")).out);
  assert.ok(Math.abs(Date.parse(phone.expiresAt) - Date.now() - 90 * 86_400_000) < 60_000);
  for (const wrong of ["--scope root", "--scope imap,", "--expires soon", "--expires 2001-01-01"]) {
    assert.equal((await run(`token add a@example.org x ${wrong}`)).code, 2, wrong);
  }
});

Deno.test("webhook add, list, test and remove; what is refused says why", async () => {
  const { run } = desk();
  assert.match((await run("webhook list")).err, /Nobody is told/);
  const added = await run("webhook add https://hooks.example.org/in received bounced --domain example.org");
  assert.match(added.out, /^whsec_[A-Za-z0-9+/=]+\n$/);
  const [{ id }] = JSON.parse((await run("webhook list --json")).out);
  assert.match((await run("webhook list")).out, /hooks\.example\.org\/in +received bounced +0 +works\n$/);
  const tested = await run(`webhook test ${id}`);
  assert.deepEqual([tested.code, tested.out], [1, ""]);
  assert.match(tested.err, /there is no network/);
  assert.match((await run("webhook add http://hooks.example.org/in received")).err, /https:/);
  assert.equal((await run("webhook add https://hooks.example.org/in opened")).code, 1);
  assert.equal((await run(`webhook remove ${id}`)).code, 0);
  assert.equal((await run(`webhook remove ${id}`)).code, 1);
});

Deno.test("inbound add, list and remove, and suppression list and remove", async () => {
  const { run, storage } = desk();
  assert.match((await run("inbound list")).err, /Nobody brings/);
  assert.match((await run("inbound add front --domain example.org --believed")).out, /^palomar_in_\w+_[\w-]{32}\n$/);
  const [{ id }] = JSON.parse((await run("inbound list --json")).out);
  assert.match((await run("inbound list")).out, /front +example\.org +yes +never\n$/);
  assert.equal((await run(`inbound remove ${id}`)).code, 0);
  assert.equal((await run(`inbound remove ${id}`)).code, 1);
  assert.match((await run("suppression list example.org")).err, /Nobody is left alone/);
  const suppressions = new Suppressions({ storage, now: () => Date.UTC(2026, 0, 31) });
  const one = { domain: "example.org", address: "zoe@example.net", reason: "bounced" as const, id: null };
  await suppressions.add({ ...one, detail: "no\u001b[31m Zoe" });
  assert.match(
    (await run("suppression list example.org")).out,
    /zoe@example\.net +2026-01-31 00:00:00 +bounced +no\S*31m Zoe\n$/,
  );
  assert.ok(!(await run("suppression list example.org")).out.includes("\u001b"));
  assert.equal((await run("suppression remove example.org zoe@example.net")).code, 0);
  assert.equal((await run("suppression remove example.org zoe@example.net")).code, 1);
});

Deno.test("ban add, list and remove", async () => {
  const { run } = desk();
  assert.match((await run("ban list")).err, /Nobody is banned/);
  assert.match(
    (await run("ban add 2001:DB8::1/64 --for 2h --reason floods")).out,
    /^2001:db8::\/64 is refused until 2026-01-31 14:00:00/,
  );
  assert.match((await run("ban add 192.0.2.7")).out, /^192\.0\.2\.7 is refused until it is lifted/);
  assert.match(
    (await run("ban list")).out,
    /^NETWORK .*\n192\.0\.2\.7 .* it is lifted +operator +by hand\n2001:db8::\/64 .* operator +floods\n$/,
  );
  assert.equal(JSON.parse((await run("ban list --json")).out).length, 2);
  assert.equal((await run("ban add example.org")).code, 1);
  assert.equal((await run("ban add 192.0.2.8 --for soon")).code, 2);
  assert.equal((await run("ban remove 2001:db8::/64")).code, 0);
  assert.equal((await run("ban remove 2001:db8::/64")).code, 1);
});

Deno.test("account add takes a password from stdin, from a person, or makes one", async () => {
  const { run } = desk();
  await run("domain add example.org");
  const asked = await run("account add a@example.org", { typed: ["one", "other", "good one", "good one"] });
  assert.deepEqual([asked.code, asked.out], [0, ""]);
  assert.match(asked.err, /The two differ/);
  assert.ok(!asked.err.includes("good one"));
  assert.equal((await run("account add b@example.org", { typed: [null] })).code, 1);

  const made = await run("account add b@example.org --generate");
  assert.match(made.out, /^[a-z2-9]{5}(-[a-z2-9]{5}){3}\n$/);
  assert.notEqual((await run("account password b@example.org --generate")).out, made.out);

  assert.equal((await run("account add c@example.org")).code, 2); // no terminal, no option
  assert.equal((await run("account add c@example.org --generate --password-stdin")).code, 2);
  for (const stdin of ["", "\n", "x".repeat(5000), new Uint8Array([0xff])]) {
    assert.equal((await run("account add c@example.org --password-stdin", { stdin })).code, 1);
  }
  assert.equal((await run("account add c@example.net --generate")).code, 1);
  assert.equal((await run("account add nobody --generate")).code, 1);
  assert.equal((await run("account password nobody@example.org --generate")).code, 1);
});

Deno.test("account show, list and change", async () => {
  const { run, told } = desk();
  await run("domain add example.org");
  assert.equal((await run("account add a@example.org --generate --name Ann --quota 5GB")).code, 0);
  const list = await run("account list");
  assert.match(list.out, /^ADDRESS +NAME +MESSAGES +SIZE +STATE\na@example\.org +Ann +0 +0B of 5GB +active\n$/);
  assert.equal(JSON.parse((await run("account list example.org --json")).out).length, 1);
  assert.match((await run("account list example.net")).err, /no accounts/);

  assert.equal((await run("account change a@example.org --disable --quota none --quota-messages 10")).code, 0);
  const account = JSON.parse((await run("account show a@example.org --json")).out);
  assert.deepEqual([account.disabled, account.quota, account.name], [true, { bytes: null, messages: 10 }, "Ann"]);
  assert.deepEqual(told, ["a@example.org"]);
  assert.match((await run("account show a@example.org")).out, /State +disabled/);
  assert.equal((await run("account change a@example.org --enable")).code, 0);
  for (const wrong of ["", " --enable --disable", " --quota much", " --quota-messages -1", " --quota"]) {
    assert.equal((await run(`account change a@example.org${wrong}`)).code, 2, wrong);
  }
  assert.equal((await run("account change b@example.org --enable")).code, 1);
});

Deno.test("account remove asks a person, and takes only the address for a yes", async () => {
  const { run } = desk();
  await run("domain add example.org");
  await run("account add a@example.org --generate");
  for (const typed of [["yes"], ["b@example.org"], [null]]) {
    assert.equal((await run("account remove a@example.org", { typed })).code, 1);
  }
  assert.equal((await run("account show a@example.org")).code, 0);
  assert.equal((await run("account remove a@example.org", { typed: ["a@example.org"] })).code, 0);
  assert.equal((await run("account show a@example.org")).code, 1);
});

Deno.test("acl list, set and remove, on a shared account", async () => {
  const { run } = desk();
  await run("domain add example.org");
  await run("account add bob@example.org --generate");
  const added = await run("account add info@example.org --shared");
  assert.deepEqual([added.code, added.out], [0, ""]);
  assert.equal((await run("account add b@example.org --shared --generate")).code, 2);
  assert.match((await run("account list")).out, /^info@example\.org .* shared$/m);
  assert.match((await run("account show info@example.org")).out, /^State +shared/m);
  assert.match((await run("acl list info@example.org")).err, /Nobody else/);
  assert.equal((await run("acl set info@example.org INBOX bob@example.org lrswite")).code, 0);
  assert.match(
    (await run("acl list info@example.org")).out,
    /^MAILBOX +WHO +RIGHTS\nINBOX +bob@example\.org +lrswite\n$/,
  );
  assert.equal(JSON.parse((await run("acl list info@example.org INBOX --json")).out)[0].entries[0].rights, "lrswite");
  assert.equal((await run("acl set info@example.org INBOX zoe@example.org l")).code, 1);
  assert.equal((await run("acl set info@example.org INBOX bob@example.org z")).code, 1);
  assert.equal((await run("acl set info@example.org INBOX bob@example.org")).code, 2);
  assert.equal((await run("acl set info@example.org INBOX -- -bob@example.org w")).code, 0);
  assert.equal((await run("acl remove info@example.org INBOX -- -bob@example.org")).code, 0);
  assert.equal((await run("acl remove info@example.org INBOX bob@example.org")).code, 0);
  assert.equal((await run("acl list info@example.org Nothing")).code, 1);
});

Deno.test("alias add, list and remove", async () => {
  const { run } = desk();
  await run("domain add example.org");
  assert.equal((await run("alias add team@example.org a@example.net b@example.net")).code, 0);
  assert.equal((await run("alias add team@example.org a@example.net")).code, 1);
  assert.match((await run("alias list")).out, /team@example\.org +a@example\.net, b@example\.net\n$/);
  assert.deepEqual(JSON.parse((await run("alias list example.org --json")).out)[0].targets.length, 2);
  assert.equal((await run("alias remove team@example.org")).code, 0);
  assert.equal((await run("alias remove team@example.org")).code, 1);
  assert.equal((await run("alias add team@example.org")).code, 2);
});

Deno.test("queue list, show, hold, release, retry and remove", async () => {
  const { run, storage } = desk();
  assert.match((await run("queue list")).err, /Nothing waits/);
  assert.deepEqual(JSON.parse((await run("queue list --json")).out), []);
  await queueMail(storage, Array.from({ length: 501 }, (_, i) => `r${i}@example.net`));
  const rows = JSON.parse((await run("queue list --json")).out) as { queueId: string; recipient: string }[];
  assert.equal(new Set(rows.map((row) => row.queueId)).size, 501); // more than one page
  const id = rows[0]!.queueId;
  assert.match((await run(`queue show ${id}`)).out, /From +alice@example\.org\n/);
  assert.equal(JSON.parse((await run(`queue show ${id} --json`)).out).queueId, id);
  assert.equal((await run("queue show nothing")).code, 1);
  assert.equal((await run(`queue hold ${id}`)).out, "1 held.\n");
  assert.equal((await run("queue list --state held --json")).out.split("\n").length, 4);
  assert.equal((await run("queue list --state lost")).code, 2);
  assert.equal((await run(`queue release ${id}`)).code, 0);
  assert.equal((await run("queue hold --all")).out, "501 held.\n");
  assert.equal((await run("queue release --all")).out, "501 released.\n");
  assert.equal((await run(`queue reroute ${id} --to MX.example:2525`)).out, "1 will go to mx.example:2525.\n");
  assert.match((await run(`queue show ${id}`)).out, /By way of +mx\.example:2525 \(chosen by hand\)\n/);
  assert.equal((await run("queue reroute --domain example.net --back")).out, "1 will go the usual way.\n");
  for (
    const wrong of [`${id} --to a:b`, id, `${id} --to x.example --back`, "--to x.example", `${id} --domain x --back`]
  ) {
    assert.equal((await run(`queue reroute ${wrong}`)).code, 2, wrong);
  }
  assert.equal((await run("queue retry nothing")).code, 1);
  for (const verb of ["retry", "hold", "release", "remove"]) {
    assert.equal((await run(`queue ${verb}`)).code, 2, verb);
    assert.equal((await run(`queue ${verb} ${id} --all`)).code, 2, verb);
  }
  assert.equal((await run(`queue priority urgent ${id}`)).out, "1 is urgent now.\n");
  assert.match((await run(`queue show ${id}`)).out, /Priority +urgent\n/);
  assert.equal((await run("queue priority bulk --domain example.net")).out, "501 are bulk now.\n");
  for (const wrong of ["fast --all", "bulk", `bulk ${id} --all`]) {
    assert.equal((await run(`queue priority ${wrong}`)).code, 2, wrong);
  }
  assert.equal((await run("queue remove --all")).out, "501 removed.\n");
  assert.match((await run("queue list")).err, /Nothing waits/);
});

Deno.test("why tells a message's story", async () => {
  const { run, storage } = desk();
  await queueMail(storage, ["a@example.net"], "s1.1");
  const { code, out } = await run("why s1.1");
  assert.equal(code, 0);
  assert.match(out, /^2026-01-31 12:00:00 {2}accepted: Taken from alice@example\.org\.\na@example\.net waits \(/);
  assert.equal(JSON.parse((await run("why s1.1 --json")).out).waiting.length, 1);
  const unknown = await run("why s1.2");
  assert.deepEqual([unknown.code, unknown.out], [1, ""]);
});

Deno.test("what a stranger wrote cannot command the terminal", async () => {
  const { run, storage } = desk();
  await queueMail(storage, ["a\u001b]0;x\u0007\u009b31m@example.net"], "s1.1");
  for (const line of ["queue list", "why s1.1"]) {
    const { code, out } = await run(line);
    assert.equal(code, 0);
    // deno-lint-ignore no-control-regex
    assert.ok(!/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(out), JSON.stringify(out));
  }
});

Deno.test("each command opens the administration once at most, and closes it", async () => {
  const { run, opened } = desk();
  for (const line of ["domain add example.org", "domain list", "account show nobody@example.org", "queue list"]) {
    await run(line);
  }
  assert.deepEqual(opened, { count: 4, closed: 4 });
  for (const line of ["version", "help", "domain add --help", "domain add", "account change a@b.example"]) {
    await run(line);
  }
  assert.deepEqual(opened, { count: 4, closed: 4 });
});

Deno.test("token add, list and remove", async () => {
  const { run } = desk();
  await run("domain add example.org");
  await run("account add alice@example.org --password-stdin", { stdin: "pw\n" });
  const none = await run("token list alice@example.org");
  assert.deepEqual([none.code, none.out], [0, ""]);
  const made = await run("token add alice@example.org phone");
  assert.deepEqual([made.code, made.out], [0, "made-1\n"]);
  assert.match(made.err, /shown only now/);
  assert.match(
    (await run("token list alice@example.org")).out,
    /^ID +NAME +FOR +MADE +UNTIL +LAST USED\nk1 +phone +everything +.* removed +never\n$/,
  );
  assert.equal(JSON.parse((await run("token list alice@example.org --json")).out)[0].name, "phone");
  assert.equal((await run("token remove alice@example.org k1")).code, 0);
  assert.equal((await run("token remove alice@example.org k1")).code, 1);
  assert.equal((await run("token add nobody@example.org phone")).code, 1);
  assert.equal((await run("token add alice@example.org")).code, 2);
});

Deno.test("account sign-in and oauth: what is there is shown, what is not is said", async () => {
  const { run } = desk();
  await run("domain add example.org");
  await run("account add a@example.org --generate");
  assert.equal((await run("account sign-in a@example.org")).out, "TOTP: off\nBrowsers: 0\n");
  assert.match(
    (await run("account sign-in a@example.org --remove-totp --sign-out")).out,
    /0 passkeys removed, 0 browsers/,
  );
  assert.equal((await run("account sign-in nobody@example.org")).code, 1);
  assert.match((await run("oauth grants a@example.org")).err, /No program/);
  assert.match((await run("oauth revoke a@example.org --all")).out, /^0 programs/);
  assert.equal((await run("oauth revoke a@example.org")).code, 2);
  assert.equal((await run("oauth revoke a@example.org nothing")).code, 1);
  assert.match((await run("oauth clients")).err, /No program/);
  assert.deepEqual(JSON.parse((await run("oauth clients --json")).out), []);
  assert.equal((await run("oauth forget nothing")).code, 1);
  assert.equal((await run("oauth add Web http://evil.example/")).code, 1);
  const { out } = await run("oauth add Web https://web.example.org/callback");
  assert.match(
    (await run("oauth clients")).out,
    new RegExp(`^ID .*\\n${out.trim()} +Web .* https://web\\.example\\.org/callback\\n$`),
  );
  assert.equal((await run(`oauth forget ${out.trim()}`)).code, 0);
});

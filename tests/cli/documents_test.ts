/** What the documents for people say of commands, keys and versions is true. */
import assert from "node:assert/strict";
import { loadConfig } from "../../mod.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { FILE_SCHEMA } from "../../src/server/config/schema.ts";
import { keysAt } from "../../src/server/config/walk.ts";
import { VERSION } from "../../src/server/version.ts";

const read = (path: string): string => Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
const path = (name: string): string => new URL(`../../${name}`, import.meta.url).pathname;

Deno.test("deploy/palomar.example.jsonc is a right configuration, as it stands and in the container", () => {
  const plain = loadConfig({ file: path("deploy/palomar.example.jsonc"), env: new Map(), cwd: "/" });
  assert.ok("config" in plain, JSON.stringify(plain));
  assert.ok(plain.config.listeners.every((one) => one.protocol !== "http" || one.address === "127.0.0.1"));
  const [, name = "", value = ""] = /^ +(PALOMAR_\w+): (\S+)$/m.exec(read("deploy/compose.yaml")) ?? [];
  const env = new Map([[name, value]]);
  const inContainer = loadConfig({ file: path("deploy/palomar.example.jsonc"), env, cwd: "/" });
  assert.ok("config" in inContainer, JSON.stringify(inContainer));
  const http = inContainer.config.listeners.find((one) => one.protocol === "http");
  assert.equal(http?.address, "0.0.0.0");
});

Deno.test("every port of the example configuration is published by the container", () => {
  const loaded = loadConfig({ file: path("deploy/palomar.example.jsonc"), env: new Map(), cwd: "/" });
  assert.ok("config" in loaded);
  const exposed = (/^EXPOSE (.*)$/m.exec(read("deploy/Dockerfile"))?.[1] ?? "").split(" ");
  const published = [...read("deploy/compose.yaml").matchAll(/"(?:127\.0\.0\.1:)?(\d+):\d+"/g)].map(([, port]) => port);
  const wanted = loaded.config.listeners.map((one) => String(one.port)).sort();
  assert.deepEqual(exposed.sort(), wanted);
  assert.deepEqual(published.sort(), wanted);
});

Deno.test("README.md names every command and every key of the configuration", () => {
  const readme = read("README.md");
  for (const { words: [first = "", second] } of COMMANDS) {
    const row = readme.split("\n").find((line) =>
      line.startsWith(`- \`${first} `) || line.startsWith(`- \`${first}\``)
    );
    assert.ok(row !== undefined || readme.includes(`\`${first}\``), first);
    if (second !== undefined) assert.ok(row?.includes(second), `${first} ${second}`);
  }
  for (const key of keysAt(FILE_SCHEMA, [])) {
    const more = keysAt(FILE_SCHEMA, [key]).filter((one) => one !== "acme");
    if (more.length === 0) assert.match(readme, new RegExp(`^- \`${key}(\\[\\])?\``, "m"), key);
    for (const one of more) {
      assert.match(readme, new RegExp(`^- .*\`(${key})?\\.${one}(\\[\\])?\``, "m"), `${key}.${one}`);
    }
  }
});

Deno.test("every document names the same version of Deno and of Palomar", () => {
  const wanted = /^readonly DENO_VERSION=(\S+)$/m.exec(read(".ci/run"))?.[1] ?? "none";
  for (
    const name of ["README.md", ".github/CONTRIBUTING.md", "deploy/install.md", "deploy/Dockerfile"]
  ) {
    const found = [...read(name).matchAll(/deno(?:@|(?:[ -]v?))(\d+\.\d+\.\d+)/gi)].map(([, version]) => version);
    assert.ok(found.length > 0, name);
    assert.deepEqual([...new Set(found)], [wanted], name);
  }
  assert.equal(JSON.parse(read("deno.json")).version, VERSION);
  assert.ok(read("CHANGELOG.md").includes(`\n## ${VERSION}\n`));
  assert.ok(read("deploy/compose.yaml").includes(`image: palomar:${VERSION}\n`));
});

Deno.test("the service and the command line of an installation have the same permissions", () => {
  const permissions = (text: string): string[] => [...text.matchAll(/--allow-[a-z]+(?:=\S+)?/g)].map(([all]) => all);
  const service = permissions(read("deploy/palomar.service"));
  assert.ok(service.length >= 5);
  assert.deepEqual(permissions(read("deploy/palomar")), service);
  assert.ok(!service.some((one) => /^--allow-(all|run|ffi)/.test(one)));
});

Deno.test("links between the documents lead somewhere", () => {
  for (
    const name of [
      "README.md",
      ".github/CONTRIBUTING.md",
      "src/README.md",
      "tests/README.md",
      ...[...Deno.readDirSync(path("src/adr"))].map((entry) => `src/adr/${entry.name}`),
    ]
  ) {
    for (const [, link = ""] of read(name).matchAll(/\]\(([^)#]+)\)/g)) {
      if (link.startsWith("https://")) continue;
      assert.ok(Deno.statSync(new URL(link, new URL(`../../${name}`, import.meta.url))), `${name}: ${link}`);
    }
  }
});

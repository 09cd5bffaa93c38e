import { ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import type { Scenario } from "../scenario.ts";

const TOKEN = "a-token-of-the-scenarios";

/** The HTTP API by curl, as the README shows it. */
export const httpApi: readonly Scenario[] = [
  {
    name: "curl: the examples of the HTTP API in the README do what they say",
    needs: ["curl", "sh", "jq"],
    async run(stage) {
      const palomar = await stage.startPalomar("start.test", { config: { admin: { token: TOKEN } } });
      const folder = await Deno.makeTempDir();
      stage.defer(() => Deno.remove(folder, { recursive: true }));
      await Deno.writeTextFile(join(folder, "message.eml"), "Subject: hello\n\nA pigeon.\n");
      await Deno.writeTextFile(join(folder, "palomar.jsonc"), '{ "hostname": "mail.example.org", "listeners": [] }');
      const readme = await Deno.readTextFile(new URL("../../../README.md", import.meta.url));
      const [, section = ""] = /\n## HTTP API\n([^]*?)\n## /.exec(readme) ?? [];
      const examples = [...section.matchAll(/```sh\n([^]*?)```/g)].map(([, text = ""]) => text).join("\n")
        .replace(/^(TOKEN|API)=.*$/gm, "");
      const commands = examples.split(/\n(?=curl |jq |palomar )/).map((one) => one.trim()).filter((one) => one !== "");
      ok(commands.length > 20, `${commands.length}`);
      const env: Record<string, string> = { TOKEN, API: `http://127.0.0.1:${palomar.ports.http}/api/v1` };
      const passwords: Record<string, string> = {
        "alice@example.org": "correct horse battery staple",
        "bob@example.org": "battery staple horse",
      };
      const ids: Record<string, string> = {};
      for (const command of commands) {
        const words = command.split(/\s+/);
        if (words[0] === "palomar") {
          await palomar.cli(words.slice(1));
          continue;
        }
        const real = command.replace(
          /\/(messages|send)\/2e4o57t0i0xhsnln\.1/,
          (_, kind: string) => `/${kind}/${ids[kind]}`,
        ).replace(
          /-u (\S+):PASSWORD/,
          (_, who: string) => `-u '${who}:${passwords[who]}'`,
        );
        const follows = real.includes(" -N ");
        const once = real.replace(/curl /, `curl -sS ${follows ? "--max-time 2 " : "-w '\\n%{http_code}' "}`);
        const { stdout } = await stage.run("sh", ["-c", `cd ${folder} && ${once}`], {
          env,
          codes: follows ? [28] : [0],
        });
        if (follows) {
          ok(stdout.startsWith("event: log\n"), stdout);
          continue;
        }
        const [, body = "", status = ""] = /^([^]*)\n(\d+)$/.exec(stdout) ?? [];
        strictEqual(status[0], "2", `${real}: ${stdout}`);
        const answer = JSON.parse(body);
        const [, kind = ""] = /API\/(messages|send)\?/.exec(real) ?? /API\/(send) -H/.exec(real) ?? [];
        if (kind !== "") ids[kind] ??= answer.id ?? answer.traceId;
        if (real.includes("/inbound-sources")) env.SOURCE = answer.token ?? answer.secret;
        if (real.includes("/configuration/check")) strictEqual(answer.ok, true, body);
        if (real.endsWith('/audit?resource=/accounts/bob@example.org"')) ok(answer.audit.length > 0, body);
      }
      ok(ids.messages && ids.send && env.SOURCE, JSON.stringify(ids));
    },
  },
];

import { ACCOUNTS, isOnPath, type PeerKind, stopChild, waitForPort } from "./peer.ts";
import { cacheFolder } from "../native.ts";

const VERSION = "3.21.6";

/** npm's smtp-server on Node with a sink that writes, syncs and renames a file before it answers. */
export const smtpServerNpm: PeerKind = {
  name: "smtp-server",
  missing: () => isOnPath("node") && isOnPath("npm") ? null : "needs Node.js and npm",
  async start(folder, port) {
    const modules = await installed();
    const script = `${folder}/server.mjs`;
    await Deno.writeTextFile(script, SERVER);
    const child = new Deno.Command("node", {
      args: [script, String(port), folder, modules, String(ACCOUNTS)],
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    await waitForPort(port);
    return {
      name: "smtp-server",
      settings: `npm smtp-server ${VERSION} on Node, one file a message: write, fsync, rename, then 250`,
      smtpPort: port,
      pid: child.pid,
      delivered: null,
      stop: () => stopChild(child),
    };
  },
};

async function installed(): Promise<string> {
  const folder = `${cacheFolder()}/npm-smtp-server-${VERSION}`;
  await Deno.mkdir(folder, { recursive: true });
  const { success, stderr } = await new Deno.Command("npm", {
    args: ["install", "--prefix", folder, "--no-audit", "--no-fund", "--prefer-offline", `smtp-server@${VERSION}`],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`npm install smtp-server: ${new TextDecoder().decode(stderr)}`);
  return folder;
}

const SERVER = `
import { createRequire } from "node:module";
import fs from "node:fs";
import { open, rename } from "node:fs/promises";
const [port, folder, modules, accounts] = process.argv.slice(2);
const { SMTPServer } = createRequire(modules + "/package.json")("smtp-server");
const boxOf = (user) => folder + "/mail/" + user;
for (let i = 1; i <= Number(accounts); i++) for (const d of ["tmp", "new"]) fs.mkdirSync(boxOf("u" + i) + "/" + d, { recursive: true });
let n = 0;
new SMTPServer({
  authOptional: true, disabledCommands: ["AUTH", "STARTTLS"], logger: false, size: 100e6, disableReverseLookup: true, maxClients: 1000,
  async onData(stream, session, done) {
    const box = boxOf(session.envelope.rcptTo[0].address.split("@")[0].replace(/[^a-z0-9]/g, ""));
    const name = Date.now() + "." + process.pid + "_" + (++n);
    let file;
    try {
      file = await open(box + "/tmp/" + name, "w", 0o600);
      for await (const chunk of stream) await file.write(chunk);
      await file.sync();
      await file.close();
      await rename(box + "/tmp/" + name, box + "/new/" + name);
      done(null, "2.0.0 ok " + name);
    } catch (error) { await file?.close().catch(() => {}); done(error); }
  },
}).listen(Number(port), "127.0.0.1");
`;

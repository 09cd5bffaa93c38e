import { native } from "../native.ts";
import { type PeerKind, stopChild, waitForPort } from "./peer.ts";

/** The honest opponent: the least that a durable SMTP server can do, in C, with one log and group commit. */
export const bound: PeerKind = {
  name: "bound",
  missing: () => null,
  async start(folder, port) {
    const child = new Deno.Command(native("bound"), {
      args: ["--port", String(port), "--log", `${folder}/bound.log`],
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    await waitForPort(port);
    return {
      name: "bound",
      settings: "C, one process, one log file, fdatasync for a group before its 250",
      smtpPort: port,
      pid: child.pid,
      delivered: null,
      stop: () => stopChild(child),
    };
  },
};

/** Serves one toy session on the socket that came as file descriptor 3, after saying its port, and ends. */
import { drive } from "../../src/net/drive.ts";
import { listen } from "../../src/net/listen.ts";
import { infoOf, toy, ToyWorld } from "./toy_machine.ts";

const listening = await listen({
  at: { fd: 3 },
  tls: "none",
  serve: async (transport, sessions) => {
    await drive(toy(), transport, new ToyWorld(), infoOf(transport), { sessions });
    void listening.close();
  },
  log: () => {},
});
await Deno.stdout.write(new TextEncoder().encode(String("port" in listening.address ? listening.address.port : 0)));

import { segment } from "../admin.ts";
import { type Command, JSON_OPTION } from "../command.ts";
import { printable, shortTime } from "../table.ts";

interface SignIn {
  readonly totp: boolean;
  readonly recoveryCodes: number;
  readonly passwordAtDoors: boolean;
  readonly passkeys: readonly { readonly name: string; readonly createdAt: string; readonly usedAt: string | null }[];
  readonly browsers: number;
}

export const accountSignIn: Command = {
  words: ["account", "sign-in"],
  operands: "ADDRESS",
  least: 1,
  most: 1,
  summary: "Show how somebody signs in to the pages, and help where a device is lost",
  about: "Whoever asks you to take the second step away may be a thief who has the password: make sure who it is.",
  examples: [
    "palomar account sign-in alice@example.org",
    "palomar account sign-in alice@example.org --remove-totp",
    "palomar account sign-in alice@example.org --remove-passkeys --sign-out",
  ],
  options: [
    { name: "remove-totp", help: "the password alone opens the account again" },
    { name: "remove-passkeys", help: "no passkey opens it any more" },
    { name: "sign-out", help: "browsers and mail programs have to log in again" },
    JSON_OPTION,
  ],
  async run({ operands: [address = ""], options, admin, io }) {
    const path = `/accounts/${segment(address)}/sign-in`;
    const server = await admin();
    const changes = { "remove-totp": "removeTotp", "remove-passkeys": "removePasskeys", "sign-out": "signOut" };
    const wanted = Object.entries(changes).filter(([name]) => options.has(name)).map(([, key]) => [key, true]);
    if (wanted.length > 0) {
      const { totp, passkeys, browsers } = await server.request("POST", path, Object.fromEntries(wanted)) as {
        totp: boolean;
        passkeys: number;
        browsers: number;
      };
      const told = { totp, passkeys, browsers };
      if (options.has("json")) return io.out(JSON.stringify(told, null, 2) + "\n");
      return io.out(
        `${printable(address)}: ${
          totp ? "TOTP is off, " : ""
        }${passkeys} passkeys removed, ${browsers} browsers signed out.\n`,
      );
    }
    const state = await server.request("GET", path) as SignIn;
    if (options.has("json")) return io.out(JSON.stringify(state, null, 2) + "\n");
    const programs = state.passwordAtDoors ? "may use the password" : "need app passwords or OAuth";
    io.out(
      `TOTP: ${state.totp ? `on, ${state.recoveryCodes} recovery codes left; mail programs ${programs}` : "off"}\n`,
    );
    for (const { name, createdAt, usedAt } of state.passkeys) {
      const used = usedAt === null ? "never used" : `used ${shortTime(usedAt)}`;
      io.out(`Passkey: ${printable(name)}, made ${shortTime(createdAt)}, ${used}\n`);
    }
    io.out(`Browsers: ${state.browsers}\n`);
  },
};

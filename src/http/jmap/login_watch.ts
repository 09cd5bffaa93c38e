/** For connections that stay: whether what somebody logged in with still holds. */
import type { Login } from "../../contract/mod.ts";
import type { JmapDesk } from "./desk.ts";

/** As long as a login is believed that is shown again. */
const BELIEVED_MS = 60_000;

export class LoginWatch {
  readonly #parts: { readonly desk: JmapDesk; readonly login: Login; readonly credential: string };
  readonly #ended: () => void;
  #lookedAt: number;

  constructor(
    parts: { readonly desk: JmapDesk; readonly login: Login; readonly credential: string },
    ended: () => void,
  ) {
    this.#parts = parts;
    this.#ended = ended;
    this.#lookedAt = parts.desk.now();
  }

  /** Something is about to happen for him. Looks once a minute at most; a store in trouble says nothing against him. */
  look(): void {
    const { desk, login, credential } = this.#parts;
    const now = desk.now();
    if (now - this.#lookedAt < BELIEVED_MS) return;
    this.#lookedAt = now;
    desk.holds(login, credential).then((holds) => {
      if (!holds) this.#ended();
    }, () => {});
  }
}

/** Sessions of mail protocols at this server now: who is there, from where, since when; each can be ended. */
import type { SessionId, SessionInfo } from "../contract/mod.ts";
import type { SessionDesk, SessionRow } from "../http/session_desk.ts";

interface Entry {
  readonly info: SessionInfo;
  readonly since: number;
  account: string | null;
  readonly tls: () => SessionInfo["tls"];
  end: () => void;
}

export class OpenSessions implements SessionDesk {
  readonly #sessions = new Map<SessionId, Entry>();

  /** A session began; `tls` is asked when somebody looks. The answer takes it out. */
  open(info: SessionInfo, since: number, tls: () => SessionInfo["tls"]): () => void {
    this.#sessions.set(info.id, { info, since, account: null, tls, end: () => {} });
    return () => void this.#sessions.delete(info.id);
  }

  /** How it is asked to say goodbye. */
  endBy(id: SessionId, end: () => void): void {
    const entry = this.#sessions.get(id);
    if (entry) entry.end = end;
  }

  /** Somebody logged in. */
  named({ id }: SessionInfo, account: string): void {
    const entry = this.#sessions.get(id);
    if (entry) entry.account = account;
  }

  list(): readonly SessionRow[] {
    return [...this.#sessions.values()].map(({ info, since, account, tls }) => ({
      id: info.id,
      protocol: info.protocol,
      account,
      address: info.remoteAddress,
      port: info.remotePort,
      tls: tls()?.version ?? null,
      since,
    }));
  }

  end(id: string): boolean {
    const entry = this.#sessions.get(id as SessionId);
    entry?.end();
    return entry !== undefined;
  }
}

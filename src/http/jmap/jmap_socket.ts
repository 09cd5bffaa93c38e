/** One connection of RFC 8887: requests are answered as they are done, news as they happen. */
import type { Login } from "../../contract/mod.ts";
import {
  CAPABILITIES,
  isObject,
  type JmapUser,
  type Json,
  type JsonObject,
  member,
  parseIJson,
  parseRequest,
  problemUri,
  type RequestProblem,
  stateChange,
} from "../../jmap/mod.ts";
import { CLOSE } from "../../web_socket/mod.ts";
import { LITTLE, type MessageSocket, type SocketListener } from "../web_socket/message_socket.ts";
import type { UnderWay } from "./api.ts";
import type { JmapDesk } from "./desk.ts";
import { LoginWatch } from "./login_watch.ts";
import { sessionState } from "./session.ts";
import { type Tell, UserNews } from "./user_news.ts";

export interface JmapSocketParts {
  readonly desk: JmapDesk;
  readonly underWay: UnderWay;
  readonly user: JmapUser;
  readonly login: Login;
  readonly credential: string;
  readonly address: string;
}

/** A client that takes nothing for so long is let go. */
const READS_MS = 60_000;
const LONGEST_ID = 1000;
const MOST_TYPES = 100;

export class JmapSocket implements SocketListener {
  readonly #parts: JmapSocketParts;
  readonly #ends: (() => void)[] = [];
  readonly #watch: LoginWatch;
  #socket: MessageSocket | null = null;
  #isEnded = false;
  #news: UserNews | null = null;
  /** Changes of what is told, one after the other. */
  #turning: Promise<void> = Promise.resolve();
  /** What the client knows, while it does not read: the rest is told when it does. */
  #owedSince: string | null = null;

  constructor(parts: JmapSocketParts) {
    this.#parts = parts;
    this.#watch = new LoginWatch(parts, () => this.end());
  }

  atEnd(call: () => void): void {
    this.#ends.push(call);
  }

  opened(socket: MessageSocket): void {
    this.#socket = socket;
    if (this.#isEnded) this.end();
  }

  closed(): void {
    this.#isEnded = true;
    this.#socket = null;
    this.#news?.stop();
    this.#news = null;
    for (const one of this.#ends.splice(0)) one();
  }

  /** The password changed, or the account is gone: whoever is here must log in again. Or the server stops. */
  end(isStopping = false): void {
    this.#isEnded = true;
    if (isStopping) this.#socket?.close(CLOSE.goingAway, "the server stops");
    else this.#socket?.close(CLOSE.policy, "log in again");
  }

  message(text: string): void {
    const value = parseIJson(text);
    if (value === undefined) {
      return this.#refuse(null, { type: "notJSON", detail: "the message is not I-JSON (RFC 7493)" });
    }
    const type = isObject(value) ? member(value, "@type") : null;
    if (type === "Request") return void this.#request(value as JsonObject);
    if (type === "WebSocketPushEnable") return this.#turn(() => this.#enable(value as JsonObject));
    if (type === "WebSocketPushDisable") return this.#turn(() => Promise.resolve(this.#disable()));
    const detail = '"@type" is Request, WebSocketPushEnable or WebSocketPushDisable';
    this.#refuse(requestIdOf(value), { type: "notRequest", detail });
  }

  /** RFC 8887 section 4.3.2. The place among those under way is free when the client has taken its answer. */
  async #request(value: JsonObject): Promise<void> {
    const { desk, underWay, login, credential, address } = this.#parts;
    const { maxConcurrentRequests } = desk.limits;
    const requestId = requestIdOf(value);
    const request = parseRequest(value, CAPABILITIES, desk.limits);
    if ("type" in request) return this.#refuse(requestId, request);
    try {
      this.#watch.look();
      const done = await underWay.run(this.#parts.user.accountId, async () => {
        const user = await desk.user(login);
        if (user === null) return this.end();
        const state = sessionState(user, desk.limits, await desk.applicationServerKey());
        const response = await desk.process(request, { user, credential, sessionState: state, address });
        this.#send({ "@type": "Response", ...(requestId === null ? {} : { requestId }), ...response });
        if (this.#socket && !await this.#socket.drained(READS_MS)) this.#tooSlow();
      });
      if (done !== null) return;
      const detail = `at most ${maxConcurrentRequests} requests at once`;
      this.#refuse(requestId, { type: "limit", limit: "maxConcurrentRequests", detail });
    } catch {
      // The store does not answer: whoever reads the log knows why.
      this.#socket?.close(CLOSE.internal, "something is broken here");
    }
  }

  /** RFC 8887 section 4.3.5.2. */
  async #enable(value: JsonObject): Promise<void> {
    const { desk, login } = this.#parts;
    const types = readTypes(member(value, "dataTypes") ?? null);
    const pushState = member(value, "pushState") ?? null;
    if (types === undefined || (pushState !== null && typeof pushState !== "string")) {
      const detail = '"dataTypes" is a list of names or null, "pushState" a text';
      return this.#refuse(null, { type: "notRequest", detail });
    }
    this.#disable();
    const user = await desk.user(login, true);
    if (user === null) return this.end();
    const news = new UserNews({
      hub: desk.hub,
      find: () => desk.user(login, true),
      ended: () => this.end(),
      tell: (changed, state, made) => this.#tell(news, changed, state, made),
    }, types);
    this.#news = news;
    await news.start(user);
    if (this.#isEnded || this.#news !== news) return news.stop();
    if (pushState !== null) await news.tellSince(pushState);
  }

  #disable(): void {
    this.#news?.stop();
    this.#news = null;
    this.#owedSince = null;
  }

  #tell(news: UserNews, ...[changed, pushState, made]: Parameters<Tell>): void {
    const socket = this.#socket;
    if (!socket || this.#news !== news) return;
    if (socket.waiting > LITTLE) return this.#owe(news, socket, news.before);
    const text = made("text", () => JSON.stringify({ ...stateChange(changed), pushState }));
    socket.send(text);
    this.#watch.look();
  }

  /** What comes while answers are on their way is one piece of news behind them. */
  #owe(news: UserNews, socket: MessageSocket, since: string): void {
    if (this.#owedSince !== null) return;
    this.#owedSince = since;
    void socket.drained(READS_MS).then(async (isDrained) => {
      const owed = this.#owedSince;
      this.#owedSince = null;
      if (!isDrained) return this.#tooSlow();
      if (owed !== null && this.#news === news) await news.tellSince(owed);
    }).catch(() => {});
  }

  #turn(change: () => Promise<void>): void {
    this.#turning = this.#turning.then(change).catch(() => {
      this.#socket?.close(CLOSE.internal, "something is broken here");
    });
  }

  #tooSlow(): void {
    this.#socket?.close(CLOSE.policy, "answers were not taken in time");
  }

  #send(value: unknown): void {
    this.#socket?.send(JSON.stringify(value));
  }

  /** RFC 8887 section 4.3.4. */
  #refuse(requestId: string | null, { type, detail, limit }: RequestProblem): void {
    const problem = { type: problemUri(type), status: 400, detail, ...(limit && { limit }) };
    this.#send({ "@type": "RequestError", requestId, ...problem });
  }
}

function requestIdOf(value: Json): string | null {
  const id = isObject(value) ? member(value, "id") : null;
  return typeof id === "string" && id.length <= LONGEST_ID ? id : null;
}

/** Null: all; undefined: it is no list. */
function readTypes(value: Json): readonly string[] | null | undefined {
  if (value === null) return null;
  const isList = Array.isArray(value) && value.length <= MOST_TYPES && value.every((one) => typeof one === "string");
  return isList ? value as string[] : undefined;
}

import type { Upgrade } from "./web_socket/message_socket.ts";

/** Who asks, where that is known. */
export interface HttpClient {
  readonly address: string;
  /** Where it reached the server, as `https://mail.example.org`; left out: as the request says. */
  readonly origin?: string;
  /** Makes the request's connection a WebSocket; left out: the runtime does, where it can. */
  readonly upgrade?: Upgrade;
}

/** What a request brings along inside the HTTP layer. */
export interface HttpEnvironment {
  readonly client: HttpClient | undefined;
  /** Set where the request is to become a WebSocket: makes it one, and its answer is that of the request. */
  upgraded: (() => Response) | null;
}

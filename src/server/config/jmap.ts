/** How JMAP clients hear of news. */
export interface JmapConfig {
  /** Connections that wait for news (event streams and WebSockets): in all, of one account, of one client's address. */
  readonly listeners: number;
  readonly listenersPerAccount: number;
  readonly listenersPerAddress: number;
  /** Pushes to URLs (RFC 8620 section 7.2). */
  readonly push: {
    /** Subscriptions of one account. */
    readonly subscriptions: number;
    /** A subscription that nobody renews ends after so many milliseconds. */
    readonly lifetime: number;
    /** Pushes on their way at once. */
    readonly connections: number;
    /** What push services are told of whoever runs this server, a URI; null: its postmaster. */
    readonly contact: string | null;
    /** Whether a URL may lead into private networks and to this machine. */
    readonly privateAddresses: boolean;
    /** PEM file of authorities that push services may have their certificates of, besides the public ones. */
    readonly ca: string | null;
  };
}

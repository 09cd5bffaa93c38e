/** Who asks, where that is known. */
export interface HttpClient {
  readonly address: string;
  /** Where it reached the server, as `https://mail.example.org`; left out: as the request says. */
  readonly origin?: string;
}

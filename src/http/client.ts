/** Who asks, where that is known. */
export interface HttpClient {
  readonly address: string;
}

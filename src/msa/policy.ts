/** What a site decides about submitted mail. */
export interface SubmitPolicy {
  readonly hostname: string;
  readonly messageSize: number;
  readonly maxHops: number;
  readonly maxRecipients: number;
  readonly giveUpMs: number;
  /** Whether Received names the client and its address. */
  readonly discloseClient: boolean;
}

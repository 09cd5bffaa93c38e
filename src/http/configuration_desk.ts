/** The server's configuration. */
export interface ConfigurationDesk {
  /** As it holds, secrets masked. */
  show(): Record<string, unknown>;
  /** What is wrong with the text of a configuration file; nothing: it could be one. */
  check(text: string): readonly {
    readonly path: string;
    readonly reason: string;
    readonly line?: number;
    readonly column?: number;
  }[];
}

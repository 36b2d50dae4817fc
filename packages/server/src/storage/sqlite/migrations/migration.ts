/** One change of the tables. Released migrations are never edited; a mistake is mended by the next one. */
export interface Migration {
  /** 1, 2, 3 ... without gaps. */
  readonly version: number;
  readonly name: string;
  /** Statements, run in one transaction. */
  readonly sql: string;
}

import type { ConfigProblem } from './problems.ts';

/** Closed list of the expected failures of configuration, documented in docs/reference/errors.md. */
export const CONFIG_ERRORS = {
  GAIT_CONFIG_INVALID: 'The configuration makes no sense as it is.',
  GAIT_CONFIG_UNREADABLE: 'The configuration cannot be read.',
} as const;
export type ConfigErrorCode = keyof typeof CONFIG_ERRORS;

/** An expected failure of configuration. The message names every problem, one a line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: ConfigErrorCode;
  readonly problems: readonly ConfigProblem[];
  constructor(code: ConfigErrorCode, lines: readonly string[], problems: readonly ConfigProblem[] = []) {
    super([CONFIG_ERRORS[code], ...lines.map((line) => `  ${line}`)].join('\n'));
    this.code = code;
    this.problems = problems;
  }
}

import type { z } from 'zod';
import type { Projection } from '../storage/store.ts';
import type { FUNCTION_ROW } from './schemas.ts';

/** What is listed of a function. */
export type FunctionRow = z.output<typeof FUNCTION_ROW>;

/** A row of the list; what a profile lacks reads as 0. */
export function functionRow({ key, updatedMs, content }: Projection): FunctionRow {
  const fields: Readonly<Record<string, unknown>> =
    typeof content === 'object' && content !== null ? { ...content } : {};
  const number = (name: string) => (typeof fields[name] === 'number' ? fields[name] : 0);
  return {
    key,
    invocations: number('invocations'),
    errors: number('errors'),
    cold: number('cold'),
    firstMs: number('firstMs'),
    lastMs: number('lastMs'),
    maturity: number('maturity'),
    updatedMs,
  };
}

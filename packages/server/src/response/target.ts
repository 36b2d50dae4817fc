import { z } from 'zod';
import { VALUE_CHARS_MAX } from './limits.ts';

/**
 * One setting of the outside that a step changes. Acting is setting it to another value, undoing is setting it back to the
 * recorded one, verifying is reading it; so what is previewed, done and undone cannot drift apart.
 */
export type Target =
  /** `published` when an immutable version holds this code. Cannot be set back. */
  | { readonly kind: 'version'; readonly functionName: string; readonly codeSha256: string }
  | { readonly kind: 'tag'; readonly functionArn: string; readonly key: string }
  /** Reserved concurrency, a whole number; null when none is reserved. */
  | { readonly kind: 'concurrency'; readonly functionName: string }
  /** `enabled` or `disabled`. */
  | { readonly kind: 'mapping'; readonly uuid: string }
  /** `attached`, or null. */
  | { readonly kind: 'attached-policy'; readonly roleName: string; readonly policyArn: string }
  /** Canonical policy document, see `canonicalJson`; null when there is none. */
  | { readonly kind: 'role-policy'; readonly roleName: string; readonly policyName: string }
  /** Description of a function; '' when it has none. Every change makes the provider start fresh sandboxes. */
  | { readonly kind: 'description'; readonly functionName: string };

/** Value of a setting; null where it is absent. */
export type Value = string | null;

const name = z.string().min(1).max(256);
const arn = z.string().min(1).max(512);

/** Reads a target back from the log, strictly. */
export const targetSchema: z.ZodType<Target> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('version'), functionName: name, codeSha256: name }),
  z.strictObject({ kind: z.literal('tag'), functionArn: arn, key: name }),
  z.strictObject({ kind: z.literal('concurrency'), functionName: name }),
  z.strictObject({ kind: z.literal('mapping'), uuid: name }),
  z.strictObject({ kind: z.literal('attached-policy'), roleName: name, policyArn: arn }),
  z.strictObject({ kind: z.literal('role-policy'), roleName: name, policyName: name }),
  z.strictObject({ kind: z.literal('description'), functionName: name }),
]);

/** A policy document without white space, keys as they came, so that the same document is the same text. */
export function canonicalJson(document: string): string {
  try {
    return JSON.stringify(JSON.parse(document));
  } catch {
    return document;
  }
}

/** Whether a value fits the record of a step. What does not could not be restored, so it is not touched. */
export function isRecordable(value: Value): boolean {
  return JSON.stringify(value).length <= VALUE_CHARS_MAX;
}

import { assert } from '@gait/engine/base/assert';
import { RESPONSE_CONTENT_CHARS_MAX } from '@gait/engine/event/control';
import type { ResponseState } from '@gait/engine/event/record';
import { z } from 'zod';
import { NAME_CHARS_MAX, NAMES_RECORDED_MAX, REQUEST_IDS_MAX, STEPS_MAX, VALUE_CHARS_MAX } from './limits.ts';
import type { FunctionState } from './provider.ts';
import { targetSchema } from './target.ts';

const value = z.string().max(VALUE_CHARS_MAX).nullable();
const text = z.string().max(RESPONSE_CONTENT_CHARS_MAX);
const failure = z.strictObject({ code: text, message: text });
const ids = z.array(text).max(REQUEST_IDS_MAX);
const list = z.strictObject({ count: z.number(), first: z.array(text).max(NAMES_RECORDED_MAX) });

/** What was known of the function before anything was done: part of the evidence, never needed to undo. */
const evidence = z.strictObject({
  revisionId: text,
  codeSha256: text,
  runtime: text,
  handler: text,
  lastModified: text,
  roleArn: text,
  policySha256: text,
  urlAuthType: text,
  environmentNames: list,
  layerArns: list,
  attachedPolicyArns: list,
  inlinePolicyNames: list,
  aliases: list,
});

/** What each state of a response writes down, beside itself. */
export const CONTENTS = {
  planned: z.strictObject({ arn: text, untilMs: z.number(), steps: z.number().int().min(1).max(STEPS_MAX), evidence }),
  'step-planned': z.strictObject({
    step: z.enum(['preserve', 'tag', 'throttle', 'pause', 'isolate', 'recycle']),
    target: targetSchema,
    before: value,
    after: value,
  }),
  begun: z.strictObject({}),
  /** How it was just before, which is what undoing goes back to. */
  acting: z.strictObject({ before: value }),
  acted: z.strictObject({ requestIds: ids, note: text }),
  skipped: z.strictObject({}),
  failed: failure,
  'in-force': z.strictObject({}),
  extended: z.strictObject({ untilMs: z.number() }),
  releasing: z.strictObject({ force: z.boolean(), keepSandboxes: z.boolean() }),
  /** What was found, which with `force` may be what somebody else set. */
  undoing: z.strictObject({ found: value }),
  undone: z.strictObject({ requestIds: ids, note: text }),
  'undo-failed': failure,
  halted: failure,
  released: z.strictObject({}),
  abandoned: z.strictObject({ why: text }),
} as const satisfies Record<ResponseState, z.ZodType>;

/** The content of a state. */
export type Content<State extends ResponseState> = z.infer<(typeof CONTENTS)[State]>;

/** The same, as a type that keeps a state and its content together. */
const SCHEMAS: { readonly [State in ResponseState]: z.ZodType<Content<State>> } = CONTENTS;

/** A content as text for the log. */
export function contentText<State extends ResponseState>(state: State, content: Content<State>): string {
  assert(SCHEMAS[state].safeParse(content).success, `the content of '${state}' can be read back`);
  const written = JSON.stringify(content);
  assert(written.length <= RESPONSE_CONTENT_CHARS_MAX, `the content of '${state}' fits a record`);
  return written;
}

/** A content read back from the log; undefined when it is not one of this state. */
export function parseContent<State extends ResponseState>(state: State, written: string): Content<State> | undefined {
  try {
    const parsed = SCHEMAS[state].safeParse(JSON.parse(written));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** What is recorded of a function's state. Lists are cut and counted; nothing in it is a secret. */
export function evidenceOf(state: FunctionState): z.infer<typeof evidence> {
  return {
    revisionId: short(state.revisionId),
    codeSha256: short(state.codeSha256),
    runtime: short(state.runtime),
    handler: short(state.handler),
    lastModified: short(state.lastModified),
    roleArn: short(state.roleArn),
    policySha256: state.policySha256 ?? '',
    urlAuthType: short(state.urlAuthType ?? ''),
    environmentNames: cut(state.environmentNames, 32),
    layerArns: cut(state.layerArns),
    attachedPolicyArns: cut(state.attachedPolicyArns ?? [], 64),
    inlinePolicyNames: cut(state.inlinePolicyNames ?? [], 64),
    aliases: cut(
      (state.aliases ?? []).map(({ name, version }) => `${name}=${version}`),
      64,
    ),
  };
}

function cut(names: readonly string[], charsMax = NAME_CHARS_MAX): z.infer<typeof list> {
  return { count: names.length, first: names.slice(0, NAMES_RECORDED_MAX).map((name) => short(name, charsMax)) };
}

/** Cut, and without characters that take more than one in JSON: what names of the provider never have. */
function short(name: string, charsMax = NAME_CHARS_MAX): string {
  return name.slice(0, charsMax).replace(/[^\x20-\x7e]|["\\]/g, '?');
}

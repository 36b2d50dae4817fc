import type { LambdaFunction } from './functions.ts';
import { optionalTextMap } from './input.ts';
import { invalid } from './lambda-error.ts';
import type { Call, Operation } from './operation.ts';

/** Tags of one function, as Lambda limits them. */
const TAGS_MAX = 50;
const KEY = /^(?!aws:)[\s\S]{1,128}$/;
const VALUE = /^[\s\S]{0,256}$/;

/** Operations on the tags of functions. */
export const TAG_OPERATIONS: readonly Operation[] = [
  {
    name: 'TagResource',
    route: 'POST /2017-03-31/tags/{Resource}',
    status: 204,
    suffix: '20170331v2',
    readOnly: false,
    resource: ({ input }) => input.path['Resource'] ?? '',
    run(call) {
      setTags(tagged(call).tags, optionalTextMap(call.input.body, 'Tags') ?? {});
      return {};
    },
  },
  {
    name: 'UntagResource',
    route: 'DELETE /2017-03-31/tags/{Resource}',
    status: 204,
    suffix: '20170331v2',
    readOnly: false,
    resource: ({ input }) => input.path['Resource'] ?? '',
    run(call) {
      const { tags } = tagged(call);
      for (const key of call.input.query.getAll('tagKeys')) tags.delete(key);
      return {};
    },
  },
  {
    name: 'ListTags',
    route: 'GET /2017-03-31/tags/{Resource}',
    status: 200,
    suffix: '20170331',
    readOnly: true,
    resource: ({ input }) => input.path['Resource'] ?? '',
    run: (call) => ({ body: { Tags: Object.fromEntries(tagged(call).tags) } }),
  },
];

/** Adds tags, all or none. Throws `LambdaError`. */
export function setTags(tags: Map<string, string>, added: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(added)) {
    if (!KEY.test(key) || !VALUE.test(value)) throw invalid("Value at 'tags' failed to satisfy constraint.");
  }
  const names = new Set([...tags.keys(), ...Object.keys(added)]);
  if (names.size > TAGS_MAX) throw invalid(`A function can have up to ${TAGS_MAX} tags.`);
  for (const [key, value] of Object.entries(added)) tags.set(key, value);
}

function tagged({ site, input }: Call): LambdaFunction {
  return site.table.find(input.path['Resource'] ?? '');
}

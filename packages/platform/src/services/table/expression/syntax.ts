/** Expressions of the table service, parsed, with all names and values filled in. */
import type { AttributeValue } from '../attribute-value.ts';

/** Names of attributes and places in lists, from the item downwards. */
export type Path = readonly (string | number)[];

/** What a condition compares. */
export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: 'size'; readonly path: Path };

/** Operators that compare two operands. */
export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>=';

/** A condition on one item. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly inner: Condition }
  | { readonly kind: 'compare'; readonly comparator: Comparator; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'between'; readonly operand: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly kind: 'in'; readonly operand: Operand; readonly choices: readonly Operand[] }
  | { readonly kind: 'exists'; readonly path: Path; readonly wanted: boolean }
  | { readonly kind: 'type'; readonly path: Path; readonly type: Operand }
  | { readonly kind: 'begins' | 'contains'; readonly operand: Operand; readonly part: Operand };

/** What `SET` can compute. */
export type SetOperand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: 'default'; readonly path: Path; readonly otherwise: SetOperand }
  | { readonly kind: 'append'; readonly first: SetOperand; readonly second: SetOperand }
  | { readonly kind: 'plus' | 'minus'; readonly left: SetOperand; readonly right: SetOperand };

/** One action of an update. `add` adds to a number or a set, `take` takes members out of a set. */
export type UpdateAction =
  | { readonly kind: 'set'; readonly path: Path; readonly operand: SetOperand }
  | { readonly kind: 'remove'; readonly path: Path }
  | { readonly kind: 'add' | 'take'; readonly path: Path; readonly value: AttributeValue };

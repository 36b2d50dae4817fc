/** PutItem, UpdateItem, DeleteItem and ConditionCheck, each first as a plan, so that a transaction can make them together. */
import { ServiceError } from '../call.ts';
import type { JsonObject } from '../json-protocol.ts';
import type { Item } from './attribute-value.ts';
import { copyItem, invalid } from './attribute-value.ts';
import { holds, project } from './expression/evaluate.ts';
import { parseCondition } from './expression/parser.ts';
import { ExpressionScope } from './expression/scope.ts';
import type { Condition, Path } from './expression/syntax.ts';
import { applyUpdate, parseUpdate } from './expression/update.ts';
import type { ItemKey, Table } from './table.ts';
import type { Tables } from './tables.ts';
import { expectOffered, expressionOf, itemUnder } from './tables.ts';

/** One change that can be made. Nothing is written before `carryOutWrite`. */
export interface PlannedWrite {
  readonly table: Table;
  readonly key: ItemKey;
  readonly old: Item | undefined;
  /** The item afterwards; undefined if there is none. */
  readonly next: Item | undefined;
  /** False for a ConditionCheck, which writes nothing. */
  readonly writes: boolean;
  /** False if the condition does not hold. */
  readonly admitted: boolean;
  /** Paths an update touches. */
  readonly touched: readonly Path[];
}

/** The kinds of writes, as transactions name them. */
export type WriteKind = 'Put' | 'Update' | 'Delete' | 'ConditionCheck';

/** Checks the input of a write against the table as it is. Throws `ServiceError`. */
export function planWrite(tables: Tables, kind: WriteKind, input: JsonObject): PlannedWrite {
  expectOffered(input);
  const table = tables.of(input);
  const scope = new ExpressionScope(input);
  const conditionText = expressionOf(input, 'ConditionExpression');
  if (kind === 'ConditionCheck' && conditionText === undefined) {
    throw invalid("The parameter 'ConditionExpression' is required but was not present");
  }
  const condition =
    conditionText === undefined ? undefined : parseCondition(conditionText, 'ConditionExpression', scope);
  if (kind === 'Put') return planPut(table, input, { scope, condition });
  const key = table.keyOf(itemUnder(input, 'Key'));
  const old = table.get(key);
  if (kind === 'Update') return planUpdate({ table, key, old }, input, { scope, condition });
  scope.expectAllUsed();
  const writes = kind === 'Delete';
  return { table, key, old, next: writes ? undefined : old, writes, admitted: admits(condition, old), touched: [] };
}

interface Conditioned {
  readonly scope: ExpressionScope;
  readonly condition: Condition | undefined;
}

function planPut(table: Table, input: JsonObject, { scope, condition }: Conditioned): PlannedWrite {
  scope.expectAllUsed();
  const next = itemUnder(input, 'Item');
  const key = table.keyOfItem(next);
  const old = table.get(key);
  const admitted = admits(condition, old);
  if (admitted) table.expectRoom(next, old);
  return { table, key, old, next, writes: true, admitted, touched: [] };
}

function planUpdate(
  found: { readonly table: Table; readonly key: ItemKey; readonly old: Item | undefined },
  input: JsonObject,
  { scope, condition }: Conditioned,
): PlannedWrite {
  const { table, key, old } = found;
  const text = expressionOf(input, 'UpdateExpression');
  const actions = text === undefined ? [] : parseUpdate(text, scope);
  scope.expectAllUsed();
  for (const { path } of actions) {
    if (table.keyNames.includes(String(path[0]))) {
      throw invalid(
        `One or more parameter values were invalid: Cannot update attribute ${path[0]}. This attribute is part of the key`,
      );
    }
  }
  const touched = actions.map(({ path }) => path);
  const admitted = admits(condition, old);
  // What would be computed from an item that may not be changed is nobody's business.
  if (!admitted) return { table, key, old, next: old, writes: true, admitted, touched };
  const next = applyUpdate(old ?? copyItem(key.attributes), actions);
  table.expectRoom(next, old);
  return { table, key, old, next, writes: true, admitted, touched };
}

function admits(condition: Condition | undefined, item: Item | undefined): boolean {
  return condition === undefined || holds(condition, item ?? copyItem({}));
}

/** Makes the change of one operation and says what it returns. Throws `ConditionalCheckFailedException`. */
export function carryOutWrite(planned: PlannedWrite, input: JsonObject): JsonObject {
  if (!planned.admitted) {
    const shown = input['ReturnValuesOnConditionCheckFailure'] === 'ALL_OLD' && planned.old !== undefined;
    throw new ServiceError('ConditionalCheckFailedException', 'The conditional request failed', {
      members: shown ? { Item: planned.old } : {},
    });
  }
  if (planned.writes) planned.table.write(planned.key, planned.next);
  const attributes = returned(planned, input);
  return attributes === undefined || Object.keys(attributes).length === 0 ? {} : { Attributes: attributes };
}

/** Refuses a `ReturnValues` the operation does not have; to be asked before anything is written. */
export function expectReturnValues(input: JsonObject, kind: WriteKind): void {
  const wanted = input['ReturnValues'] ?? 'NONE';
  const offered =
    kind === 'Update' ? ['NONE', 'ALL_OLD', 'ALL_NEW', 'UPDATED_OLD', 'UPDATED_NEW'] : ['NONE', 'ALL_OLD'];
  if (typeof wanted !== 'string' || !offered.includes(wanted)) {
    throw invalid(`Return values set to invalid value: one of ${offered.join(', ')} is needed`);
  }
}

function returned(planned: PlannedWrite, input: JsonObject): Item | undefined {
  switch (input['ReturnValues']) {
    case 'ALL_OLD':
      return planned.old;
    case 'ALL_NEW':
      return planned.next;
    case 'UPDATED_OLD':
      return planned.old === undefined ? undefined : project(planned.old, planned.touched);
    case 'UPDATED_NEW':
      return planned.next === undefined ? undefined : project(planned.next, planned.touched);
    default:
      return undefined;
  }
}

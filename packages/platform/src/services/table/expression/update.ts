/** Reads update expressions and applies them: every value is computed from the item as it was before. */
import type { AttributeValue, Item } from '../attribute-value.ts';
import { copyItem, invalid } from '../attribute-value.ts';
import { addDecimals, formatDecimal, negateDecimal, parseDecimal } from '../decimal.ts';
import { valueAt } from './evaluate.ts';
import { ExpressionReader } from './parser.ts';
import type { ExpressionScope } from './scope.ts';
import type { Path, SetOperand, UpdateAction } from './syntax.ts';

/** Functions inside each other in SET: bounds the recursion. */
const NESTING_MAX = 16;

/** Parses a whole update expression. Throws `ValidationException`, also for paths that overlap. */
export function parseUpdate(text: string, scope: ExpressionScope): UpdateAction[] {
  const reader = new ExpressionReader(text, 'UpdateExpression', scope);
  const actions: UpdateAction[] = [];
  const seen = new Set<string>();
  while (reader.next.kind !== 'end') {
    const section = ['SET', 'REMOVE', 'ADD', 'DELETE'].find((one) => reader.sees(one));
    if (section === undefined) throw reader.unexpected();
    if (seen.has(section))
      throw reader.wrong(`The "${section}" section can only be used once in an update expression;`);
    seen.add(section);
    reader.take();
    do actions.push(action(reader, section));
    while (reader.accept(','));
  }
  expectApart(reader, actions);
  return actions;
}

function action(reader: ExpressionReader, section: string): UpdateAction {
  const path = reader.path();
  if (section === 'REMOVE') return { kind: 'remove', path };
  if (section === 'SET') {
    reader.expect('=');
    return { kind: 'set', path, operand: sum(reader) };
  }
  if (reader.next.kind !== 'value') throw reader.unexpected();
  return { kind: section === 'ADD' ? 'add' : 'take', path, value: reader.scope.value(reader.take().text) };
}

function sum(reader: ExpressionReader): SetOperand {
  const left = setOperand(reader, 0);
  if (reader.accept('+')) return { kind: 'plus', left, right: setOperand(reader, 0) };
  if (reader.accept('-')) return { kind: 'minus', left, right: setOperand(reader, 0) };
  return left;
}

function setOperand(reader: ExpressionReader, nesting: number): SetOperand {
  if (nesting > NESTING_MAX) throw reader.wrong('The expression is nested too deeply');
  if (reader.next.kind === 'value') return { kind: 'value', value: reader.scope.value(reader.take().text) };
  if (reader.accept('(')) {
    const inner = setOperand(reader, nesting + 1);
    reader.expect(')');
    return inner;
  }
  const isDefault = reader.seesCall('if_not_exists');
  if (!isDefault && !reader.seesCall('list_append')) return { kind: 'path', path: reader.path() };
  reader.take();
  reader.expect('(');
  const operand = isDefault ? defaultOf(reader, nesting) : appendOf(reader, nesting);
  reader.expect(')');
  return operand;
}

function defaultOf(reader: ExpressionReader, nesting: number): SetOperand {
  const path = reader.path();
  reader.expect(',');
  return { kind: 'default', path, otherwise: setOperand(reader, nesting + 1) };
}

function appendOf(reader: ExpressionReader, nesting: number): SetOperand {
  const first = setOperand(reader, nesting + 1);
  reader.expect(',');
  return { kind: 'append', first, second: setOperand(reader, nesting + 1) };
}

/** Two actions on one place, or on a place and one inside it, have no order. */
function expectApart(reader: ExpressionReader, actions: readonly UpdateAction[]): void {
  const paths = actions.map(({ path }) => path).sort((a, b) => a.length - b.length);
  const whole = new Set<string>();
  for (const path of paths) {
    for (let length = 1; length <= path.length; length++) {
      if (whole.has(JSON.stringify(path.slice(0, length)))) {
        throw reader.wrong('Two document paths overlap with each other; must remove or rewrite one of these paths');
      }
    }
    whole.add(JSON.stringify(path));
  }
}

/** The item after the update. Throws `ValidationException` where a path or a type does not fit. */
export function applyUpdate(item: Item, actions: readonly UpdateAction[]): Item {
  const values = actions.map((one) => computed(one, item));
  let result: AttributeValue = { M: item };
  for (const [at, { path }] of actions.entries()) {
    const value = values[at];
    if (value !== undefined) result = place(result, path, value);
  }
  const removed = actions.filter((_, at) => values[at] === undefined).map(({ path }) => path);
  // From the end of lists to their beginning, so that places keep meaning what they meant.
  for (const path of removed.sort(lastFirst)) result = remove(result, path);
  return 'M' in result ? result.M : item;
}

/** The value an action leaves at its path; undefined for none. */
function computed(one: UpdateAction, item: Item): AttributeValue | undefined {
  if (one.kind === 'remove') return undefined;
  if (one.kind === 'set') return evaluate(one.operand, item);
  const old = valueAt(item, one.path);
  return one.kind === 'add' ? added(old, one.value) : taken(old, one.value);
}

function evaluate(operand: SetOperand, item: Item): AttributeValue {
  switch (operand.kind) {
    case 'value':
      return operand.value;
    case 'path': {
      const value = valueAt(item, operand.path);
      if (value !== undefined) return value;
      throw invalid('The provided expression refers to an attribute that does not exist in the item');
    }
    case 'default':
      return valueAt(item, operand.path) ?? evaluate(operand.otherwise, item);
    case 'append': {
      const first = evaluate(operand.first, item);
      const second = evaluate(operand.second, item);
      if ('L' in first && 'L' in second) return { L: [...first.L, ...second.L] };
      throw invalid('An operand in the update expression has an incorrect data type');
    }
    default:
      return summed(evaluate(operand.left, item), evaluate(operand.right, item), operand.kind === 'minus');
  }
}

function summed(a: AttributeValue, b: AttributeValue, negate: boolean): AttributeValue {
  const left = 'N' in a ? parseDecimal(a.N) : undefined;
  const right = 'N' in b ? parseDecimal(b.N) : undefined;
  if (left === undefined || right === undefined) {
    throw invalid('An operand in the update expression has an incorrect data type');
  }
  const result = addDecimals(left, negate ? negateDecimal(right) : right);
  if (result === undefined) throw invalid('Number overflow: the result has more than 38 significant digits');
  return { N: formatDecimal(result) };
}

function added(old: AttributeValue | undefined, value: AttributeValue): AttributeValue {
  if ('N' in value) return summed(old ?? { N: '0' }, value, false);
  if ('SS' in value && (old === undefined || 'SS' in old)) return { SS: union(old?.SS, value.SS) };
  if ('NS' in value && (old === undefined || 'NS' in old)) return { NS: union(old?.NS, value.NS) };
  if ('BS' in value && (old === undefined || 'BS' in old)) return { BS: union(old?.BS, value.BS) };
  throw invalid('An operand in the update expression has an incorrect data type');
}

function taken(old: AttributeValue | undefined, value: AttributeValue): AttributeValue | undefined {
  if (!('SS' in value || 'NS' in value || 'BS' in value)) {
    throw invalid('Invalid UpdateExpression: Incorrect operand type for operator DELETE');
  }
  if (old === undefined) return undefined;
  if ('SS' in value && 'SS' in old) return rest(old.SS, value.SS, (SS) => ({ SS }));
  if ('NS' in value && 'NS' in old) return rest(old.NS, value.NS, (NS) => ({ NS }));
  if ('BS' in value && 'BS' in old) return rest(old.BS, value.BS, (BS) => ({ BS }));
  throw invalid('An operand in the update expression has an incorrect data type');
}

function union(a: readonly string[] = [], b: readonly string[] = []): string[] {
  return [...new Set([...a, ...b])].sort();
}

/** The members of a set without others; sets are never empty. */
function rest(
  members: readonly string[],
  without: readonly string[],
  make: (left: string[]) => AttributeValue,
): AttributeValue | undefined {
  const taken = new Set(without);
  const left = members.filter((member) => !taken.has(member));
  return left.length === 0 ? undefined : make(left);
}

const BAD_PATH = 'The document path provided in the update expression is invalid for update';

function place(container: AttributeValue, [step, ...below]: Path, value: AttributeValue): AttributeValue {
  if (typeof step === 'string' && 'M' in container) {
    const map = copyItem(container.M);
    map[step] = below.length === 0 ? value : place(existing(map[step]), below, value);
    return { M: map };
  }
  if (typeof step === 'number' && 'L' in container) {
    const list = [...container.L];
    // Places behind the end append.
    const at = Math.min(step, list.length);
    list[at] = below.length === 0 ? value : place(existing(list[at]), below, value);
    return { L: list };
  }
  throw invalid(BAD_PATH);
}

function remove(container: AttributeValue, [step, ...below]: Path): AttributeValue {
  if (typeof step === 'string' && 'M' in container) {
    const map = copyItem(container.M);
    if (below.length === 0) delete map[step];
    else map[step] = remove(existing(map[step]), below);
    return { M: map };
  }
  if (typeof step === 'number' && 'L' in container) {
    const list = [...container.L];
    if (below.length === 0) list.splice(step, 1);
    else list[step] = remove(existing(list[step]), below);
    return { L: list };
  }
  throw invalid(BAD_PATH);
}

function existing(value: AttributeValue | undefined): AttributeValue {
  if (value === undefined) throw invalid(BAD_PATH);
  return value;
}

function lastFirst(a: Path, b: Path): number {
  for (const [at, step] of a.entries()) {
    const other = b[at];
    if (typeof step === 'number' && typeof other === 'number' && step !== other) return other - step;
  }
  return b.length - a.length;
}

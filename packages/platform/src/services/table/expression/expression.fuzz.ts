import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ServiceError } from '../../call.ts';
import type { Item } from '../attribute-value.ts';
import { equalItems, parseItem } from '../attribute-value.ts';
import { addDecimals, compareDecimals, formatDecimal, parseDecimal } from '../decimal.ts';
import { holds } from './evaluate.ts';
import { parseCondition, parseProjection } from './parser.ts';
import { ExpressionScope } from './scope.ts';
import type { Condition, Operand, Path } from './syntax.ts';
import { applyUpdate, parseUpdate } from './update.ts';

const NAMES = ['a', 'bee', 'c_3', '__proto__', 'constructor'];
const RUNS = 500;

const value = fc.oneof(
  fc.record({ S: fc.constantFrom('', 'x', 'xy', 'y') }),
  fc.record({ N: fc.integer({ min: -3, max: 3 }).map(String) }),
  fc.record({ BOOL: fc.boolean() }),
  fc.record({ SS: fc.constant(['x', 'y']) }),
);
const item: fc.Arbitrary<Item> = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 4 })
  .map((entries) => parseItem(Object.fromEntries(entries), 'Item'));
const path: fc.Arbitrary<Path> = fc
  .tuple(fc.constantFrom(...NAMES), fc.array(fc.oneof(fc.constantFrom(...NAMES), fc.nat(9)), { maxLength: 2 }))
  .map(([first, rest]) => [first, ...rest]);
const operand: fc.Arbitrary<Operand> = fc.oneof(
  path.map((path): Operand => ({ kind: 'path', path })),
  value.map((value): Operand => ({ kind: 'value', value })),
  path.map((path): Operand => ({ kind: 'size', path })),
);
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 5 },
    fc.record({
      kind: fc.constant('compare' as const),
      comparator: fc.constantFrom('=', '<>', '<', '<=', '>', '>='),
      left: operand,
      right: operand,
    }),
    fc.record({ kind: fc.constant('between' as const), operand, low: operand, high: operand }),
    fc.record({
      kind: fc.constant('in' as const),
      operand,
      choices: fc.array(operand, { minLength: 1, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('exists' as const), path, wanted: fc.boolean() }),
    fc.record({ kind: fc.constantFrom('begins', 'contains'), operand, part: operand }),
    fc.record({ kind: fc.constantFrom('and', 'or'), left: tie('condition'), right: tie('condition') }),
    fc.record({ kind: fc.constant('not' as const), inner: tie('condition') }),
  ),
}));

/** Writes a condition as text, with every value under a name of its own. */
class Writer {
  readonly values: Record<string, unknown> = {};

  write(condition: Condition): string {
    switch (condition.kind) {
      case 'and':
      case 'or':
        return `(${this.write(condition.left)}) ${condition.kind} (${this.write(condition.right)})`;
      case 'not':
        return `NOT (${this.write(condition.inner)})`;
      case 'compare':
        return `${this.#operand(condition.left)}${condition.comparator}${this.#operand(condition.right)}`;
      case 'between':
        return `${this.#operand(condition.operand)} BETWEEN ${this.#operand(condition.low)} AND ${this.#operand(condition.high)}`;
      case 'in':
        return `${this.#operand(condition.operand)} IN (${condition.choices.map((one) => this.#operand(one)).join(', ')})`;
      case 'exists':
        return `${condition.wanted ? 'attribute_exists' : 'attribute_not_exists'} ( ${pathText(condition.path)} )`;
      case 'type':
        return `attribute_type(${pathText(condition.path)}, ${this.#operand(condition.type)})`;
      default: {
        const name = condition.kind === 'begins' ? 'begins_with' : 'contains';
        return `${name}(${this.#operand(condition.operand)},${this.#operand(condition.part)})`;
      }
    }
  }

  #operand(operand: Operand): string {
    if (operand.kind === 'path') return pathText(operand.path);
    if (operand.kind === 'size') return `size(${pathText(operand.path)})`;
    const key = `:v${Object.keys(this.values).length}`;
    this.values[key] = operand.value;
    return key;
  }
}

function pathText(path: Path): string {
  return path.map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at === 0 ? '' : '.'}${step}`)).join('');
}

function parsed(text: string, values: Record<string, unknown> = {}): Condition {
  const input = Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values };
  return parseCondition(text, 'FilterExpression', new ExpressionScope(input));
}

describe('expressions', () => {
  test('a condition written as text is parsed to the same condition', () => {
    fc.assert(
      fc.property(condition, (condition) => {
        const writer = new Writer();
        const text = writer.write(condition);
        fc.pre(text.length < 4000);
        assert.equal(JSON.stringify(sorted(parsed(text, writer.values))), JSON.stringify(sorted(condition)));
      }),
      { numRuns: RUNS },
    );
  });

  test('BETWEEN is two comparisons and IN is a chain of ORs, whatever the item', () => {
    fc.assert(
      fc.property(item, value, value, (item, low, high) => {
        const values = { ':l': low, ':h': high };
        for (const name of NAMES) {
          const between = parsed(`${name} BETWEEN :l AND :h`, values);
          assert.equal(holds(between, item), holds(parsed(`${name} >= :l AND ${name} <= :h`, values), item));
          const within = parsed(`${name} IN (:l, :h)`, values);
          assert.equal(holds(within, item), holds(parsed(`${name} = :l OR ${name} = :h`, values), item));
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('AND binds closer than OR, and NOT closer than both', () => {
    fc.assert(
      fc.property(item, (item) => {
        const [a, b, c] = ['a', 'bee', 'c_3'].map((name) => holds(parsed(`attribute_exists(${name})`), item));
        const text = 'NOT attribute_exists(a) OR attribute_exists(bee) AND NOT attribute_exists(c_3)';
        assert.equal(holds(parsed(text), item), !a || (b && !c));
      }),
      { numRuns: RUNS },
    );
  });

  test('any text is parsed or refused as invalid, whatever it nests', () => {
    const words = fc.constantFrom(
      'a',
      ':v',
      '#n',
      '(',
      ')',
      ',',
      '.',
      '[',
      ']',
      '=',
      '<>',
      'AND',
      'NOT',
      'SET',
      'ADD',
      '+',
      'size',
      'if_not_exists',
      '9',
      'IN',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(words, { maxLength: 400 }).map((list) => list.join(' ')),
    );
    const parsers = [
      parsed,
      (one: string) => parseUpdate(one, new ExpressionScope({})),
      (one: string) => parseProjection(one, new ExpressionScope({})),
    ];
    const check = (one: string): void => {
      for (const parse of parsers) {
        try {
          parse(one);
        } catch (error) {
          assert.ok(error instanceof ServiceError && error.code === 'ValidationException', String(error));
        }
      }
    };
    fc.assert(fc.property(text, check), { numRuns: RUNS });
    for (const one of ['(', 'NOT ', 'SET a = (', 'SET a = list_append(a, ', 'a.']) check(one.repeat(4096 / one.length));
  });

  test('an update leaves the item it was given as it was, and sets any name as its own', () => {
    fc.assert(
      fc.property(item, value, fc.constantFrom(...NAMES), (before, value, name) => {
        const copy = parseItem(JSON.parse(JSON.stringify(before)), 'Item');
        const scope = new ExpressionScope({ ExpressionAttributeValues: { ':v': value } });
        const updated = applyUpdate(before, parseUpdate(`SET ${name} = :v`, scope));
        assert.ok(equalItems(before, copy));
        assert.ok(Object.hasOwn(updated, name));
        const removed = applyUpdate(updated, parseUpdate(`REMOVE ${name}`, new ExpressionScope({})));
        assert.ok(!Object.hasOwn(removed, name));
        for (const other of NAMES) if (other !== name) assert.equal(removed[other], before[other]);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('decimals', () => {
  const scaled = fc.tuple(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), fc.integer({ min: 0, max: 12 }));
  const textOf = ([digits, scale]: readonly [bigint, number]): string => `${digits}e-${scale}`;

  test('add, compare and write like whole numbers at a fixed point', () => {
    fc.assert(
      fc.property(scaled, scaled, (a, b) => {
        const left = parseDecimal(textOf(a));
        const right = parseDecimal(textOf(b));
        assert.ok(left !== undefined && right !== undefined);
        const [whole, other] = [a[0] * 10n ** BigInt(12 - a[1]), b[0] * 10n ** BigInt(12 - b[1])];
        const sum = addDecimals(left, right);
        assert.ok(sum !== undefined);
        assert.deepEqual(sum, parseDecimal(`${whole + other}e-12`));
        assert.equal(Math.sign(compareDecimals(left, right)), whole === other ? 0 : whole < other ? -1 : 1);
        assert.deepEqual(parseDecimal(formatDecimal(left)), left);
      }),
      { numRuns: RUNS },
    );
  });

  test('refuse what is no number or out of range', () => {
    for (const text of ['', '.', 'e5', '1e126', '1e-131', '0x1', 'NaN', 'Infinity', '1_0', '1'.repeat(39)]) {
      assert.equal(parseDecimal(text), undefined, text);
    }
    assert.equal(formatDecimal(parseDecimal('-0.000') ?? assert.fail()), '0');
    assert.equal(formatDecimal(parseDecimal('9.9e125') ?? assert.fail()).length, 126);
  });
});

/** Members in one order, so that two conditions can be compared as texts. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => [name, sorted(inner)]);
}

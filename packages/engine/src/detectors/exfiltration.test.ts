import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mix32 } from '../base/hash.ts';
import type { Sample } from '../engine-feed.ts';
import { START_MS } from '../engine-feed.ts';
import { AFTER_MS, assertQuiet, claims, DAY_MS, FN, fed, HISTORY, history, invocation } from './detector.contract.ts';

/** 0..1, the same for the same number. */
function draw(at: number): number {
  return (mix32(at * 7919 + 13) >>> 0) / 4_294_967_296;
}

/** Calls of an ordinary invocation, with the bytes it sends to the bucket. */
function calls(bytes: number): string[] {
  return [
    'dynamodb:GetItem orders dynamodb/orders 180 900',
    `s3:PutObject invoices s3/invoices ${Math.round(bytes)} 200`,
  ];
}

function ordinary(at: number): Partial<Sample> {
  const bytes = 1500 + 1000 * draw(at);
  return {
    calls: calls(bytes),
    numbers: { durationMs: 50, bytesOut: bytes + 180, responseBytes: 300 + 50 * draw(at + 1) },
  };
}

/** Invocations on `days` days in a row, `perDay` each, changed by day and number. */
function days(count: number, perDay: number, change: (day: number, at: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: count * perDay }, (_, at) => {
    const day = Math.floor(at / perDay);
    const atMs = START_MS + day * DAY_MS + (at % perDay) * (DAY_MS / perDay / 2) + 1000;
    return invocation(atMs, { ...change(day, at), atMs, request: `r${at}` });
  });
}

const USUAL = history(HISTORY, ordinary);
const after = (change: Partial<Sample>, ms = 0) => invocation(AFTER_MS + ms, { ...ordinary(9999), ...change });

describe('egress.volume fires', () => {
  it('C13: unusual volume to a known destination, by the record of that destination', () => {
    const feed = fed(USUAL, [after({ calls: calls(4_000_000), numbers: { bytesOut: 4_000_180 } })]);
    const [finding] = claims(feed, 'egress.volume');
    assert.match(
      finding.sentence,
      /^`orders` sent 4\.0 MB to s3\/invoices; in 199 invocations it sent at most 2\.5 kB there\.$/,
    );
    assert.equal(finding.evidence[0].parameter, 'bytes_to_destination');
  });

  it('the more surely, the more was sent', () => {
    const [large] = claims(fed(USUAL, [after({ calls: calls(40_000_000) })]), 'egress.volume');
    const [small] = claims(fed(USUAL, [after({ calls: calls(400_000) })]), 'egress.volume');
    assert.ok(large.impact > small.impact && large.score > small.score);
  });
});

describe('egress.volume stays quiet', () => {
  it('on a document a few times larger than the largest one', () => {
    assertQuiet(fed(USUAL, [after({ calls: calls(7500) })]));
  });

  it('on a large upload, whose event was as large', () => {
    const upload = history(HISTORY, (at) => ({ ...ordinary(at), numbers: { bytesOut: 2000, requestBytes: 2500 } }));
    const large = after({ calls: calls(900_000), numbers: { requestBytes: 1_000_000 } });
    assert.deepEqual(claims(fed(upload, [large]), 'egress.volume'), []);
  });

  it('on documents whose sizes always varied over decades', () => {
    const wild = (at: number): Partial<Sample> => ({ calls: calls(1000 * Math.exp(8 * draw(at) * draw(at + 7))) });
    const feed = fed(history(HISTORY, wild), [invocation(AFTER_MS, { calls: calls(6_000_000) })]);
    assert.deepEqual(claims(feed, 'egress.volume'), []);
  });
});

describe('egress.new-destination joined with volume', () => {
  it('C13: an unrecognised destination with forty megabytes means more than with three hundred bytes', () => {
    const to = (bytes: number) => [...calls(2000), `http:POST drop.example/x drop.example ${bytes} 100`];
    const [large] = claims(fed(USUAL, [after({ calls: to(40_000_000) })]), 'egress.new-destination');
    const [small] = claims(fed(USUAL, [after({ calls: to(300) })]), 'egress.new-destination');
    assert.ok(large.impact > small.impact && large.score > small.score && large.confidence > small.confidence);
    assert.match(large.sentence, /sent 40\.0 MB to drop\.example/);
  });

  it('C13: another bucket of a service everybody uses is another destination', () => {
    const others = Array.from({ length: 3 }, (_, other) =>
      history(60, (at) => ({
        fn: `aws:1:eu-west-1:other${other}`,
        request: `${other}-${at}`,
        calls: ['s3:PutObject archive s3/archive 500 100'],
      })),
    );
    const stolen = [...calls(2000), 's3:PutObject theirs s3/theirs@999988887777 5000000 100'];
    const feed = fed(USUAL, ...others, [after({ calls: stolen })]);
    assert.equal(claims(feed, 'egress.new-destination')[0].evidence[0].observed, 's3/theirs@999988887777');
  });
});

describe('egress.bulk-response fires', () => {
  it('C13: bulk data in the response, with what was read to make it', () => {
    const feed = fed(USUAL, [
      after({
        calls: ['s3:GetObject prints s3/invoices 200 520000'],
        numbers: { responseBytes: 520_000 },
      }),
    ]);
    const [finding] = claims(feed, 'egress.bulk-response');
    assert.match(finding.sentence, /answered with bulk data in the response: 520\.0 kB/);
    assert.ok(finding.evidence.some(({ observed }) => observed === 's3:GetObject prints (520.0 kB)'));
  });

  it('also when answers always varied somewhat', () => {
    const varied = history(HISTORY, (at) => ({ numbers: { responseBytes: 200 * Math.exp(3 * draw(at)) } }));
    const feed = fed(varied, [invocation(AFTER_MS, { numbers: { responseBytes: 2_000_000 } })]);
    assert.equal(claims(feed, 'egress.bulk-response').length, 1);
  });
});

describe('egress.bulk-response stays quiet', () => {
  it('on a page with more entries than before', () => {
    const feed = fed(USUAL, [after({ numbers: { responseBytes: 12_000 } })]);
    assertQuiet(feed);
  });

  it('on downloads whose sizes always varied over decades', () => {
    const wild = history(HISTORY, (at) => ({ numbers: { responseBytes: 500 * Math.exp(9 * draw(at)) } }));
    const feed = fed(wild, [invocation(AFTER_MS, { numbers: { responseBytes: 8_000_000 } })]);
    assert.deepEqual(claims(feed, 'egress.bulk-response'), []);
  });
});

describe('egress.dns-labels fires', () => {
  const named = (nameBytes: number, nameEntropy: number): Partial<Sample> => ({
    calls: ['http:GET *.cdn.example/x cdn.example 100 400'],
    numbers: { nameBytes, nameEntropy, names: 1 },
  });
  const usual = history(HISTORY, () => named(3, 0));

  it('C13: data carried in names of hosts below a domain', () => {
    const [finding] = claims(fed(usual, [invocation(AFTER_MS, named(440, 3.9))]), 'egress.dns-labels');
    assert.match(finding.sentence, /440 characters below their domains/);
    assert.deepEqual(finding.techniques, ['T1071.004']);
  });

  it('in the first invocation that names such a host at all', () => {
    const [finding] = claims(fed(USUAL, [after(named(63, 3.6))]), 'egress.dns-labels');
    assert.equal(finding.evidence[0].expected, 'none');
  });
});

describe('egress.dns-labels stays quiet', () => {
  const named = (nameBytes: number, nameEntropy: number): Partial<Sample> => ({
    calls: ['http:GET *.cdn.example/x cdn.example 100 400'],
    numbers: { nameBytes, nameEntropy, names: 1 },
  });

  it('on a longer name of words', () => {
    assertQuiet(
      fed(
        history(HISTORY, () => named(8, 0)),
        [invocation(AFTER_MS, named(60, 2.8))],
      ),
    );
  });

  it('on hosts of tenants, whose names always looked made up', () => {
    const tenants = history(HISTORY, (at) => named(32 + (at % 9), 3.7));
    assertQuiet(fed(tenants, [invocation(AFTER_MS, named(48, 3.8))]));
  });
});

describe('egress.fan-out fires', () => {
  const hosts = (count: number, from = 0) =>
    Array.from({ length: count }, (_, at) => `http:GET host${from + at}.example/x host${from + at}.example 100 400`);

  it('C13: pieces sent to many places in one invocation', () => {
    const found = claims(fed(USUAL, [after({ calls: hosts(30) })]), 'egress.fan-out');
    assert.match(found[0].sentence, /called 30 different destinations in one invocation/);
  });

  it('over invocations of one hour, in constant memory', () => {
    const hourly = days(2, 48, (_, at) => ordinary(at));
    const late = START_MS + 2 * DAY_MS + 100_000;
    const scan = Array.from({ length: 40 }, (_, at) =>
      invocation(late + at * 10_000, { ...ordinary(at), calls: hosts(2, at * 2), request: `scan${at}` }),
    );
    const found = claims(fed(hourly, scan), 'egress.fan-out');
    assert.match(found[0].sentence, /in one hour/);
  });
});

describe('egress.fan-out stays quiet', () => {
  it('on two new places at once', () => {
    const two = [...calls(2000), 'http:GET a.example/x a.example', 'http:GET b.example/x b.example'];
    assert.deepEqual(claims(fed(USUAL, [after({ calls: two })]), 'egress.fan-out'), []);
  });

  it('on a crawler, which always calls many places', () => {
    const crawl = history(HISTORY, (at) => ({
      calls: Array.from({ length: 10 + (at % 15) }, (_, i) => `http:GET h${at}-${i}.example/ h${at}-${i}.example`),
    }));
    const more = Array.from({ length: 30 }, (_, i) => `http:GET n${i}.example/ n${i}.example`);
    assert.deepEqual(claims(fed(crawl, [invocation(AFTER_MS, { calls: more })]), 'egress.fan-out'), []);
  });
});

describe('egress.staging fires', () => {
  const tmp = (tmpBytes: number, bytesOut: number, request: string): Partial<Sample> => ({
    ...ordinary(1),
    calls: calls(bytesOut),
    numbers: { tmpBytes, bytesOut, durationMs: 50 },
    request,
  });
  const usual = history(HISTORY, (at) => tmp(50_000 * draw(at), 2000 + 500 * draw(at), `u${at}`));

  it('C13: staging in /tmp, then sending, in two invocations', () => {
    const aside = invocation(AFTER_MS, tmp(30_000_000, 2000, 'aside'));
    const sends = invocation(AFTER_MS + 600_000, tmp(30_000_000, 12_000_000, 'sends'));
    const [finding] = claims(fed(usual, [aside, sends]), 'egress.staging');
    assert.deepEqual(finding.techniques, ['T1074.001', 'T1041']);
  });

  it('in one invocation', () => {
    const feed = fed(usual, [invocation(AFTER_MS, tmp(8_000_000, 7_000_000, 'both'))]);
    assert.equal(claims(feed, 'egress.staging').length, 1);
  });
});

describe('egress.staging stays quiet', () => {
  const tmp = (tmpBytes: number, bytesOut: number, request: string): Partial<Sample> => ({
    calls: calls(bytesOut),
    numbers: { tmpBytes, bytesOut, durationMs: 50 },
    request,
  });
  const usual = history(HISTORY, (at) => tmp(50_000 * draw(at), 2000 + 500 * draw(at), `u${at}`));

  it('on a cache that grows and is not sent', () => {
    const grown = Array.from({ length: 5 }, (_, at) =>
      invocation(AFTER_MS + at * 9000, tmp(3_000_000, 2100, `c${at}`)),
    );
    assert.deepEqual(claims(fed(usual, grown), 'egress.staging'), []);
  });

  it('on a large transfer long after', () => {
    const aside = invocation(AFTER_MS, tmp(3_000_000, 2000, 'aside'));
    const sends = invocation(AFTER_MS + 2 * DAY_MS, tmp(0, 3_000_000, 'sends'));
    assert.deepEqual(claims(fed(usual, [aside, sends]), 'egress.staging'), []);
  });
});

describe('egress.drip and egress.day-volume fire', () => {
  const level = (day: number, factor: (day: number) => number) => (at: number) => {
    const bytes = (1500 + 1000 * draw(at)) * factor(day);
    return { ...ordinary(at), calls: calls(bytes), numbers: { bytesOut: bytes + 180 } };
  };

  it('C13: slow drip of a fifth of the daily volume to a known destination', () => {
    const rows = days(32, 120, (day, at) => level(day, (d) => (d < 21 ? 1 : 1.2))(at));
    const feed = fed(rows);
    const found = claims(feed, 'egress.drip');
    // A fifth of 240 kB a day is less than nobody looks at on one day, and more on two.
    assert.ok(
      found.some(({ sentence }) => /to s3\/invoices .* more than expected/.test(sentence)),
      `${found.length}`,
    );
    assert.deepEqual(claims(feed, 'egress.volume'), []);
  });

  it('many ordinary invocations that each send ten times as much to one place on one day', () => {
    const rows = days(11, 300, (day, at) => {
      const bytes = 15_000 * (1 + draw(at)) * (day < 10 ? 1 : 5);
      return { calls: calls(bytes), numbers: { bytesOut: bytes } };
    });
    const [finding] = claims(fed(rows), 'egress.day-volume');
    assert.match(finding.sentence, /today; on 10 days before/);
  });
});

describe('egress.drip and egress.day-volume stay quiet', () => {
  it('on a burst of ordinary invocations', () => {
    const rows = days(10, 100, (_, at) => ordinary(at));
    const burst = Array.from({ length: 1500 }, (_, at) =>
      invocation(START_MS + 10 * DAY_MS + at * 5000, { ...ordinary(at), request: `b${at}` }),
    );
    const feed = fed(rows, burst);
    for (const id of ['egress.drip', 'egress.day-volume']) assert.deepEqual(claims(feed, id), []);
  });

  it('on weeks whose ends differ, and on growth of 0.2 % a day', () => {
    const rows = days(60, 60, (day, at) => {
      const bytes = (1500 + 1000 * draw(at)) * (day % 7 > 4 ? 0.7 : 1) * Math.exp(0.002 * day);
      return { calls: calls(bytes), numbers: { bytesOut: bytes } };
    });
    assertQuiet(fed(rows));
  });

  it('on a deployment that raises the level', () => {
    const rows = days(40, 60, (day, at) => {
      const bytes = (1500 + 1000 * draw(at)) * (day < 21 ? 1 : 1.25);
      const symbols = {
        status: 'ok',
        triggerKind: 'queue',
        triggerSource: 'sqs:orders',
        revision: day < 21 ? '1' : '2',
      };
      return { calls: calls(bytes), numbers: { bytesOut: bytes }, symbols };
    });
    assert.deepEqual(claims(fed(rows), 'egress.drip'), []);
  });
});

it('C13: the function of these cases is the one that is named', () => {
  const [finding] = claims(fed(USUAL, [after({ calls: calls(4_000_000) })]), 'egress.volume');
  assert.deepEqual(finding.entity, { kind: 'function', key: FN });
});

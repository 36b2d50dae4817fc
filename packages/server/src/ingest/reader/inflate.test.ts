import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import type { RejectReason } from '../decoder.ts';
import { Feed } from './feed.ts';
import { InflateError, inflated } from './inflate.ts';
import { INFLATE_FREE_BYTES, ZSTD_FREE_FRAMES } from './limits.ts';

/** Text that compresses like logs, larger than one zstd block and one read. */
const TEXT = Buffer.from(
  Array.from({ length: 10_000 }, (_, at) => `line ${at} ${Math.imul(at, 2_654_435_761) >>> 0}\n`).join(''),
);
const SKIPPABLE = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

interface Outcome {
  readonly bytes: Buffer;
  readonly compressed: boolean | undefined;
  readonly reason: RejectReason | undefined;
}

/** Reads an input to its end or to its damage. Other errors than expected ones pass through. */
async function read(input: Buffer, size = 997): Promise<Outcome> {
  const chunks: Uint8Array[] = [];
  let compressed: boolean | undefined;
  try {
    const opened = await inflated(new Feed(chunksOf(input, size)));
    compressed = opened.compressed;
    for (let chunk = await opened.feed.next(); chunk !== undefined; chunk = await opened.feed.next())
      chunks.push(chunk);
    return { bytes: Buffer.concat(chunks), compressed, reason: undefined };
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    return { bytes: Buffer.concat(chunks), compressed, reason: error.reason };
  }
}

const WITH_CHECKSUM = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
const FORMATS = [
  { name: 'gzip', pack: (bytes: Buffer) => gzipSync(bytes), damaged: 'bad-gzip' },
  { name: 'zstd', pack: (bytes: Buffer) => zstdCompressSync(bytes, WITH_CHECKSUM), damaged: 'bad-zstd' },
] as const;

suite('inflating', () => {
  test('passes what is not compressed as it is', async () => {
    for (const input of [
      TEXT,
      Buffer.alloc(0),
      Buffer.from('x'),
      Buffer.from([0x1f]),
      Buffer.from([0x28, 0xb5, 0x2f]),
    ]) {
      assert.deepEqual(await read(input), { bytes: input, compressed: false, reason: undefined });
    }
  });

  for (const { name, pack, damaged } of FORMATS) {
    const packed = pack(TEXT);

    test(`${name}: reads one and several members, however they are divided`, async () => {
      for (const size of [997, packed.length, 10 * packed.length]) {
        assert.ok((await read(packed, size)).bytes.equals(TEXT));
        const three = await read(Buffer.concat([packed, pack(Buffer.from('and\n')), packed]), size);
        assert.equal(three.reason, undefined);
        assert.ok(three.bytes.equals(Buffer.concat([TEXT, Buffer.from('and\n'), TEXT])));
      }
    });

    test(`${name}: reads bytes one by one`, async () => {
      const small = pack(Buffer.from('a\nb\n'));
      assert.equal((await read(Buffer.concat([small, small]), 1)).bytes.toString(), 'a\nb\na\nb\n');
    });

    test(`${name}: is told by content within another layer, but not a third one`, async () => {
      assert.ok((await read(gzipSync(packed))).bytes.equals(TEXT));
      assert.ok((await read(zstdCompressSync(packed))).bytes.equals(TEXT));
      assert.ok((await read(gzipSync(gzipSync(packed)))).bytes.equals(packed));
    });

    test(`${name}: cut at any byte it is truncated, and gives a beginning of its content`, async () => {
      const content = TEXT.subarray(0, 3000);
      const whole = pack(content);
      for (let end = 4; end < whole.length; end++) {
        const { bytes, reason } = await read(whole.subarray(0, end));
        assert.equal(reason, 'truncated', `cut after ${end} bytes`);
        assert.ok(content.subarray(0, bytes.length).equals(bytes));
      }
    });

    test(`${name}: cut within the second member, the first is read`, async () => {
      const { bytes, reason } = await read(Buffer.concat([packed, packed.subarray(0, 20)]));
      assert.equal(reason, 'truncated');
      assert.ok(bytes.equals(TEXT));
    });

    test(`${name}: any flipped byte is noticed or changes nothing, and nothing else happens`, async () => {
      const content = TEXT.subarray(0, 1000);
      const whole = pack(content);
      let noticed = 0;
      for (let at = 4; at < whole.length; at++) {
        const flipped = Buffer.from(whole);
        flipped[at] ^= 0x55;
        const { bytes, reason } = await read(flipped);
        if (reason === undefined) continue;
        noticed++;
        assert.ok(reason === damaged || reason === 'truncated', reason);
        assert.ok(bytes.length <= 200_000);
      }
      assert.ok(noticed > whole.length / 2, `${noticed} of ${whole.length}`);
    });

    test(`${name}: what follows the end is damage, except zero bytes`, async () => {
      const garbage = await read(Buffer.concat([packed, Buffer.from('hello')]));
      assert.equal(garbage.reason, damaged);
      for (const size of [997, 10 * packed.length]) {
        const padded = await read(Buffer.concat([packed, Buffer.alloc(5000)]), size);
        assert.equal(padded.reason, undefined);
        assert.ok(padded.bytes.equals(TEXT));
      }
    });

    test(`${name}: a bomb stops shortly after the free bytes`, async () => {
      const bomb = pack(Buffer.alloc(2 * INFLATE_FREE_BYTES));
      let seen = 0;
      const { feed } = await inflated(new Feed(chunksOf(bomb, 4096)));
      await assert.rejects(
        async () => {
          for (let chunk = await feed.next(); chunk !== undefined; chunk = await feed.next()) seen += chunk.length;
        },
        (error) => error instanceof InflateError && error.reason === 'inflates-too-far',
      );
      assert.ok(seen <= INFLATE_FREE_BYTES);
    });
  }

  test('zstd: passes over skippable frames', async () => {
    const packed = zstdCompressSync(TEXT);
    const { bytes, reason } = await read(Buffer.concat([SKIPPABLE, packed, SKIPPABLE, packed, SKIPPABLE]));
    assert.equal(reason, undefined);
    assert.ok(bytes.equals(Buffer.concat([TEXT, TEXT])));
  });

  test('zstd: frames of nothing without end are refused', async () => {
    const frames = Buffer.alloc(SKIPPABLE.length * (ZSTD_FREE_FRAMES + 1), SKIPPABLE);
    assert.equal((await read(frames, 1 << 20)).reason, 'inflates-too-far');
    assert.equal((await read(frames.subarray(SKIPPABLE.length), 1 << 20)).reason, undefined);
  });

  test('closing in the middle closes the source', async () => {
    for (const { pack } of FORMATS) {
      let closed = false;
      const source = (async function* () {
        try {
          yield* chunksOf(pack(TEXT), 100);
        } finally {
          closed = true;
        }
      })();
      const { feed } = await inflated(new Feed(source));
      await feed.next();
      await feed.close();
      assert.equal(closed, true);
    }
  });

  test('an error of the source is not taken for damage', async () => {
    const source = (async function* () {
      yield gzipSync(TEXT).subarray(0, 1000);
      throw new Error('the disk is gone');
    })();
    const { feed } = await inflated(new Feed(source));
    await assert.rejects(
      async () => {
        while ((await feed.next()) !== undefined);
      },
      { message: 'the disk is gone' },
    );
  });
});

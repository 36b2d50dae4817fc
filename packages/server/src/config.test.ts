import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { ConfigError } from './config/errors.ts';
import { CONFIG } from './config/schema.ts';
import { type ConfigInput, certificateOf, isLoopback, loadConfig, sensorKeyOf } from './config.ts';
import { scratchFolder } from './log/scratch.ts';
import { SELF_SIGNED_CERTIFICATE, SELF_SIGNED_KEY } from './self-signed.contract.ts';

const MANUAL = join(import.meta.dirname, '../../../docs/reference/config.md');

async function written(test: TestContext, text: string): Promise<string> {
  const path = join(await scratchFolder(test), 'gait.yaml');
  await writeFile(path, text);
  return path;
}

/** Loads a text and gives the lines that say what is wrong, without the name of the file. */
async function problemsIn(test: TestContext, text: string, overrides?: ConfigInput): Promise<string[]> {
  const path = await written(test, text);
  try {
    await loadConfig(path, overrides);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim().replace(`${path}:`, ''));
  }
  return [];
}

describe('a configuration', () => {
  it('needs no file: everything has a default', async () => {
    assert.deepEqual(await loadConfig(undefined), {
      data: resolve('gait-data'),
      listen: { address: '127.0.0.1', port: 4318, insecure: false },
      source: { provider: 'aws', account: '?', region: '?' },
      geo: {},
      limits: { bodyBytes: 67_108_864 },
      sensor: {},
      response: { protected: [], inlinePolicies: false },
    });
  });

  it('is read from YAML, with paths relative to its file', async (test) => {
    const path = await written(
      test,
      `# all of it
data: kept
listen: {address: 0.0.0.0, port: 8443}
tls:
  certificate: tls/cert.pem
  key: /etc/key.pem
source: {account: "123456789012", region: eu-west-1}
limits: {bodyBytes: 1048576}
sensor: {keyFile: sensor.key}
heartbeat: {url: https://example.com/ping/7}
aws: {endpoint: "http://127.0.0.1:4566", profile: responder}
response:
  protected: ["aws:*:*:login-*"]
`,
    );
    const folder = join(path, '..');
    const config = await loadConfig(path);
    assert.equal(config.data, join(folder, 'kept'));
    assert.deepEqual(config.tls, { certificate: join(folder, 'tls/cert.pem'), key: '/etc/key.pem' });
    assert.deepEqual(config.sensor, { keyFile: join(folder, 'sensor.key') });
    assert.deepEqual(config.source, { provider: 'aws', account: '123456789012', region: 'eu-west-1' });
    assert.deepEqual(config.heartbeat, { url: 'https://example.com/ping/7', everySeconds: 60 });
    assert.deepEqual(config.response.protected, ['aws:*:*:login-*']);
  });

  it('is read from JSON, and may be empty', async (test) => {
    const config = await loadConfig(await written(test, '{"listen":{"port":0}}'));
    assert.equal(config.listen.port, 0);
    assert.deepEqual(await loadConfig(await written(test, '')), await loadConfig(undefined));
    assert.deepEqual(await loadConfig(await written(test, '# nothing\n')), await loadConfig(undefined));
  });

  it('yields to the command line key by key', async (test) => {
    const path = await written(test, 'data: kept\nlisten: {address: 127.0.0.2, port: 1}\n');
    const config = await loadConfig(path, { data: 'other', listen: { port: 2 } });
    assert.equal(config.data, resolve('other'));
    assert.deepEqual(config.listen, { address: '127.0.0.2', port: 2, insecure: false });
  });

  it('is refused with every problem at once, each with its place', async (test) => {
    const text = `lisen: {port: 1}
listen:
  prot: 4318
  port: 70000
  address: example.com
limits: {bodyBytes: "1", __proto__: 3}
heartbeat: {everySeconds: 1}
sensor: {key: short}
response: {protected: [pay]}
source: {account: 123456789012}
tls: yes please
`;
    assert.deepEqual(await problemsIn(test, text), [
      '1:1: lisen is no key. Did you mean listen?',
      '3:3: listen.prot is no key. Did you mean port?',
      '4:9: listen.port must be at most 65535.',
      '5:12: listen.address must be an address such as 127.0.0.1, ::1 or 0.0.0.0.',
      '6:21: limits.bodyBytes must be a number.',
      '6:26: limits.__proto__ is no key here. Known are bodyBytes.',
      '7:12: heartbeat.url is missing.',
      '7:27: heartbeat.everySeconds must be at least 5.',
      '8:15: sensor.key must have at least 32 characters.',
      '9:24: response.protected.0 must be a pattern: "pay" is not provider:account:region:name.',
      '10:19: source.account must be a text; put it into quotes.',
      '11:6: tls must be a group of keys.',
    ]);
  });

  it('is refused when it is no YAML or means two things', async (test) => {
    assert.match((await problemsIn(test, 'data: a\ndata: b\n'))[0], /^2:1: Map keys must be unique/);
    assert.match((await problemsIn(test, 'listen: {port: 1\n'))[0], /^\d:\d+: Flow map/);
    assert.match((await problemsIn(test, 'data: &a kept\ntls: {certificate: *a, key: *a}\n'))[0], /^2:20: Aliases/);
    assert.match((await problemsIn(test, 'data: !secret kept\n'))[0], /^1:7: Unresolved tag/);
    assert.match((await problemsIn(test, 'data: a\n---\ndata: b\n'))[0], /multiple documents/);
    assert.deepEqual(await problemsIn(test, '- a\n- b\n'), ['1:1: must be a group of keys.']);
  });

  it('does not listen openly beyond this machine unless it says so', async (test) => {
    for (const address of ['0.0.0.0', '::', '192.0.2.7', '::ffff:192.0.2.7']) {
      const [problem] = await problemsIn(test, `listen: {address: "${address}"}`);
      assert.match(
        problem,
        /^1:19: listen\.address is reached from beyond this machine.*tls\.certificate.*insecure: true/,
      );
      await loadConfig(undefined, { listen: { address, insecure: true } });
      await loadConfig(undefined, { listen: { address }, tls: { certificate: 'c', key: 'k' } });
    }
    const both = await problemsIn(test, 'listen: {address: "0.0.0.0"}\nextra: 1\n');
    assert.equal(both.length, 2, 'also beside other problems');
    for (const address of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) assert.ok(isLoopback(address), address);
    for (const address of ['10.0.0.1', 'localhost.example.com', '128.0.0.1', ''])
      assert.ok(!isLoopback(address), address);
  });

  it('never sends a heartbeat with a name and password in the URL', async (test) => {
    for (const url of ['https://user:secret@example.com/', 'file:///etc/passwd', 'example.com', 'javascript:1']) {
      const [problem] = await problemsIn(test, `heartbeat: {url: "${url}"}`);
      assert.match(problem, /heartbeat\.url must be a URL/, url);
    }
  });

  it('says which file cannot be read, and why', async (test) => {
    const folder = await scratchFolder(test);
    const unreadable = (path: string, what: RegExp) =>
      assert.rejects(loadConfig(path), (error) => {
        assert.ok(error instanceof ConfigError && error.code === 'GAIT_CONFIG_UNREADABLE');
        assert.match(error.message, what);
        return true;
      });
    await unreadable(join(folder, 'absent.yaml'), /ENOENT.*absent\.yaml/);
    await unreadable(folder, /EISDIR/);
    const binary = join(folder, 'binary.yaml');
    await writeFile(binary, Buffer.from([0x64, 0xff, 0xfe]));
    await unreadable(binary, /is no text/);
    const large = join(folder, 'large.yaml');
    await writeFile(large, '#'.repeat(300_000));
    await unreadable(large, /larger than 256 KiB/);
  });

  it('never fails in another way, whatever is written', async (test) => {
    const path = join(await scratchFolder(test), 'gait.yaml');
    const piece = fc.constantFrom(
      'listen',
      'data',
      'port',
      ':',
      ' ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      '- ',
      '&a',
      '*a',
      '<<',
      '?',
      '"',
      "'",
      '1',
      '!!set',
      '__proto__',
      '|',
      '#',
      '---',
      '%',
      '\t',
      '\u0000',
      '\u{1f600}',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 20 }).map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(text, async (one) => {
        await writeFile(path, one);
        await loadConfig(path).catch((error) => assert.ok(error instanceof ConfigError, String(error)));
      }),
      { numRuns: 500 },
    );
  });
});

describe('the key of sensors', () => {
  it('comes from its file or the configuration, and must be long enough', async (test) => {
    const key = 'k'.repeat(32);
    const path = await written(test, `${key}\n`);
    assert.equal(await sensorKeyOf(await loadConfig(undefined)), undefined);
    assert.deepEqual(await sensorKeyOf(await loadConfig(undefined, { sensor: { keyFile: path } })), Buffer.from(key));
    assert.deepEqual(await sensorKeyOf(await loadConfig(undefined, { sensor: { key } })), Buffer.from(key));
    await writeFile(path, 'short\n');
    await assert.rejects(sensorKeyOf(await loadConfig(undefined, { sensor: { keyFile: path } })), /at least 32/);
    await assert.rejects(loadConfig(undefined, { sensor: { key, keyFile: path } }), /not both/);
  });
});

describe('the certificate', () => {
  it('is read with its key, which must be its own', async (test) => {
    const folder = await scratchFolder(test);
    const paths = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
    const config = await loadConfig(undefined, { tls: paths });
    await writeFile(paths.certificate, SELF_SIGNED_CERTIFICATE);
    await writeFile(paths.key, SELF_SIGNED_KEY);
    assert.deepEqual(await certificateOf(config), { cert: SELF_SIGNED_CERTIFICATE, key: SELF_SIGNED_KEY });
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeFile(paths.key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await assert.rejects(certificateOf(config), /key\.pem: is not the key of the certificate/);
    await writeFile(paths.key, 'no key');
    await assert.rejects(certificateOf(config), /key\.pem: is no private key/);
    await writeFile(paths.certificate, 'no certificate');
    await assert.rejects(certificateOf(config), /certificate\.pem: is no certificate/);
    assert.equal(await certificateOf(await loadConfig(undefined)), undefined);
  });
});

describe('the manual of the configuration', () => {
  it('names every key with its default, limits and meaning as the schema has them', async () => {
    const manual = await readFile(MANUAL, 'utf8');
    const table = [
      '| key | default | meaning |',
      '|---|---|---|',
      ...rowsOf(z.toJSONSchema(CONFIG, { io: 'input' }), ''),
    ];
    const found = manual.split('\n').filter((line) => line.startsWith('|'));
    assert.deepEqual(found, table);
  });

  it('shows a file that is accepted', async (test) => {
    const example = /```yaml\n(.*?)```/s.exec(await readFile(MANUAL, 'utf8'))?.[1] ?? '';
    const config = await loadConfig(await written(test, example));
    assert.ok(config.heartbeat !== undefined && config.response.protected.length > 0);
  });
});

/** Rows of the table: `| `listen.port` | 4318 | port; 0 takes a free one (0 to 65535) |`. */
function rowsOf(schema: z.core.JSONSchema.BaseSchema, above: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, one]) => {
    assert.ok(typeof one === 'object');
    const key = above === '' ? name : `${above}.${name}`;
    if (one.properties !== undefined) return rowsOf(one, key);
    const needed = schema.required?.includes(name) === true ? 'needed' : '';
    const range = one.type === 'integer' ? ` (${one.minimum} to ${one.maximum})` : '';
    const value =
      one.default === undefined
        ? needed
        : `\`${typeof one.default === 'string' ? one.default : JSON.stringify(one.default)}\``;
    return [`| \`${key}\` | ${value} | ${one.description}${range} |`];
  });
}

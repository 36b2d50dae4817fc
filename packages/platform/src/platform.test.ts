import assert from 'node:assert/strict';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { GetFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ALLOW_ALL, StandInHost, startStandIn } from './control/stand-in.contract.ts';
import { assemblePlatform, type PlatformParts } from './platform.ts';

const ECHO = { name: 'echo', text: 'export const handler = async (event) => event;' };

/** Parts of which the last cannot start, and which tell when they are ended. */
function failingParts(ended: string[]): PlatformParts {
  return {
    createHost(needs) {
      const host = new StandInHost(needs);
      host.close = async () => {
        ended.push('host');
      };
      return host;
    },
    createServices: () => ({
      services: [],
      deploy: async () => {},
      sourceArn: () => '',
      source: () => undefined,
      deadLetter: async () => {},
      close: async () => {
        ended.push('services');
        throw new Error('the services cannot end');
      },
    }),
    createTriggers: () => Promise.reject(new Error('no port')),
  };
}

describe('platform', () => {
  test('ends what it started when one of its parts cannot start', async () => {
    const ended: string[] = [];
    await assert.rejects(assemblePlatform(failingParts(ended)), /^Error: no port$/);
    assert.deepEqual(ended, ['services', 'host']);
  });

  test('takes one application, and can be closed twice', async () => {
    const site = await startStandIn([ECHO]);
    await assert.rejects(site.platform.deploy({ functions: [] }), /deployed already/);
    await site.close();
    await site.platform.close();
    await assert.rejects(fetch(site.platform.endpointUrl));
  });

  test('goes on when the takers of its trail and logs throw, and counts that', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'platform-test-'));
    const fails = (): never => {
      throw new Error('full');
    };
    const hosts: StandInHost[] = [];
    const parts: PlatformParts = {
      ...failingParts([]),
      createHost(needs) {
        const host = new StandInHost(needs);
        hosts.push(host);
        return host;
      },
      createTriggers: () => ({
        apiUrl: 'http://127.0.0.1:1/',
        functionUrl: () => '',
        deploy: async () => {},
        close: async () => {},
      }),
    };
    const platform = await assemblePlatform(parts, { folder, onTrail: fails, onLogs: fails });
    const client = new LambdaClient({
      endpoint: platform.endpointUrl,
      region: platform.region,
      maxAttempts: 1,
      credentials: platform.user('admin', [ALLOW_ALL]),
    });
    await assert.rejects(client.send(new GetFunctionCommand({ FunctionName: 'none' })), {
      name: 'ResourceNotFoundException',
    });
    hosts[0]?.needs.deliver({ functionName: 'x', logGroup: '', logStream: '', events: [] });
    assert.equal(platform.counts().trailUndelivered, 1);
    assert.equal(platform.counts().logsUndelivered, 1);
    await assert.rejects(platform.close(), /the services cannot end/);
    await access(folder);
    await rm(folder, { recursive: true, force: true });
  });

  test('answers with an internal failure when the host fails, and says so in the trail', async () => {
    const site = await startStandIn([ECHO]);
    try {
      site.host.invoke = () => Promise.reject(new Error('no room for a sandbox'));
      await assert.rejects(site.lambda.send(new InvokeCommand({ FunctionName: 'echo' })), { name: 'ServiceException' });
      assert.equal(site.records.at(-1)?.['errorCode'], 'ServiceException');
      assert.equal(site.platform.counts().refusedRequests['failed'], 1);
    } finally {
      await site.close();
    }
  });

  test('gives each function its own role unless functions share one, with all their statements', async () => {
    const site = await startStandIn([
      { ...ECHO, name: 'one', roleName: 'shared', statements: [] },
      { ...ECHO, name: 'two', roleName: 'shared', statements: [{ ...ALLOW_ALL, Action: 'lambda:GetFunction' }] },
      { ...ECHO, name: 'three', statements: [] },
    ]);
    try {
      const roles = new Map<string, string>();
      for (const FunctionName of ['one', 'two', 'three']) {
        const { Configuration } = await site.lambda.send(new GetFunctionCommand({ FunctionName }));
        roles.set(FunctionName, Configuration?.Role?.split('/').at(-1) ?? '');
      }
      assert.deepEqual([...roles.values()], ['shared', 'shared', 'three-role']);
    } finally {
      await site.close();
    }
  });
});

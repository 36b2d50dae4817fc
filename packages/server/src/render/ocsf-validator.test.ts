import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { sampleFinding } from '../storage/finding-samples.ts';
import { toOcsf } from './ocsf.ts';
import { validateOcsf } from './ocsf-validator.ts';

/** A finding that fills every part of the schema that Gait writes. */
function whole(): unknown {
  const finding = sampleFinding({
    principal: 'person_0123456789abcdef',
    techniques: ['T1567.002'],
    evidence: [
      { parameter: 'destination', observed: 'files.example.net', expected: 'one of 4', count: 9 },
      { parameter: 'destination', observed: 'address:203.0.113.9', expected: 'one of 4', count: 9 },
      { parameter: 'call', observed: 's3:PutObject bucket', expected: 's3:GetObject', count: 9 },
      { parameter: 'child_process', observed: 'exec:/bin/sh', expected: 'none', count: 9 },
    ],
  });
  const home = { provider: 'aws', account: '1', region: 'eu-west-1' };
  return JSON.parse(JSON.stringify(toOcsf(finding, { version: '0.1.0', home })));
}

/** Sets (or with undefined removes) the value at a path such as `finding_info.attacks.0.version`. */
function change(value: unknown, path: string, to: unknown): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let at = value;
  for (const name of names) at = Reflect.get(Object(at), name);
  if (to === undefined) Reflect.deleteProperty(Object(at), last);
  else Reflect.set(Object(at), last, to);
}

suite('the OCSF validator', () => {
  test('has nothing to say about a whole finding', () => {
    assert.deepEqual(validateOcsf(whole()), []);
  });

  const required = [
    'activity_id',
    'category_uid',
    'class_uid',
    'type_uid',
    'time',
    'severity_id',
    'metadata',
    'finding_info',
    'cloud',
    'metadata.version',
    'metadata.product',
    'cloud.provider',
    'finding_info.uid',
    'finding_info.analytic.type_id',
    'anomaly_analyses.0.analysis_targets',
    'anomaly_analyses.0.anomalies',
    'anomaly_analyses.0.analysis_targets.0.name',
    'anomaly_analyses.0.anomalies.0.observation_parameter',
    'anomaly_analyses.0.baselines.0.observations',
    'anomaly_analyses.0.baselines.0.observations.0.value',
    'evidences.3.api.operation',
    'evidences.3.api.request.uid',
    'evidences.4.file.name',
    'evidences.4.file.type_id',
  ];
  for (const path of required) {
    test(`misses ${path}`, () => {
      const finding = whole();
      change(finding, path, undefined);
      const shown = path.replace(/\.(\d+)/g, '[$1]');
      const problems = validateOcsf(finding);
      assert.ok(
        problems.some((one) => one.path === shown && one.problem === 'is required'),
        JSON.stringify(problems),
      );
    });
  }

  const wrong: readonly (readonly [path: string, to: unknown, problem: string, where?: string])[] = [
    ['severity_id', 7, 'is not one of 0,1,2,3,4,5,6,99'],
    ['severity_id', 4.5, 'is not a whole number'],
    ['severity_id', '4', 'is not a whole number'],
    ['severity', 'Low', 'is not the caption of severity_id 5'],
    ['disposition_id', 3, 'claims an action: only an Update may, after the action was verified'],
    ['is_alert', 'yes', 'is not true or false'],
    ['time', -1, 'is not in 0 to 253402300799999'],
    ['time', 253_402_300_800_000, 'is not in 0 to 253402300799999'],
    ['time', 1.5, 'is not a whole number'],
    ['time', null, 'is not a whole number'],
    ['confidence_score', 101, 'is not in 0 to 100'],
    ['risk_score', -1, 'is not in 0 to 100'],
    ['message', 1, 'is not text'],
    ['class_uid', 2005, 'is not one of 2004'],
    ['class_uid', 2005, 'is not category_uid * 1000 + 4'],
    ['category_uid', 3, 'is not category_uid * 1000 + 4', 'class_uid'],
    ['type_uid', 200402, 'is not class_uid * 100 + activity_id'],
    ['activity_id', 2, 'is not class_uid * 100 + activity_id', 'type_uid'],
    ['metadata.version', '1.7.0', 'is not 1.8.0'],
    ['metadata.profiles', ['cloud'], 'needs the profile security_control', 'disposition_id'],
    ['metadata.profiles', ['security_control'], 'needs the profile cloud', 'cloud'],
    ['metadata.product', { vendor_name: 'x' }, 'needs at least one of name, uid'],
    ['cloud.account', {}, 'needs at least one of uid, name'],
    ['finding_info.analytic', { type_id: 2 }, 'needs at least one of uid, name'],
    ['finding_info.attacks', [{ version: '18.1' }], 'needs at least one of tactic', 'finding_info.attacks[0]'],
    ['finding_info.attacks.0.technique', {}, 'needs at least one of uid, name', 'finding_info.attacks[0].technique'],
    ['finding_info.attacks.0.sub_technique', {}, 'needs at least one of', 'finding_info.attacks[0].sub_technique'],
    ['finding_info.attacks.0.tactic', {}, 'needs at least one of', 'finding_info.attacks[0].tactic'],
    ['finding_info.attacks', [], 'is an empty list: leave it out'],
    ['finding_info.types', 'egress', 'is not a list'],
    ['finding_info.types', [1], 'is not text', 'finding_info.types[0]'],
    ['resources.0', {}, 'needs at least one of uid, name', 'resources[0]'],
    ['resources', {}, 'is not a list'],
    ['resources.0', 'pay', 'is not an object', 'resources[0]'],
    ['evidences.0', {}, 'needs at least one of actor', 'evidences[0]'],
    ['evidences.0.actor', {}, 'needs at least one of user', 'evidences[0].actor'],
    ['evidences.0.actor.user', {}, 'needs at least one of uid', 'evidences[0].actor.user'],
    ['evidences.1.dst_endpoint', {}, 'needs at least one of ip', 'evidences[1].dst_endpoint'],
    ['evidences.1.dst_endpoint.hostname', 'a b', 'is not a host name', 'evidences[1].dst_endpoint.hostname'],
    ['evidences.2.dst_endpoint.ip', '203.0.113.999', 'is not an IP address', 'evidences[2].dst_endpoint.ip'],
    ['evidences.2.dst_endpoint.port', 65_536, 'is not in 0 to 65535', 'evidences[2].dst_endpoint.port'],
    ['evidences.3.api.service', {}, 'needs at least one of uid', 'evidences[3].api.service'],
    ['evidences.4.file.type', 'Folder', 'is not the caption of type_id 8', 'evidences[4].file.type'],
    [
      'anomaly_analyses.0.anomalies.0.observations.0.count',
      -1,
      'is not in 0',
      'anomaly_analyses[0].anomalies[0].observations[0].count',
    ],
    ['surprise', 1, 'is not an attribute'],
    ['metadata.surprise', 1, 'is not an attribute'],
  ];
  for (const [path, to, problem, where = path] of wrong) {
    test(`finds that ${where} ${problem} when ${path} is ${JSON.stringify(to)}`, () => {
      const finding = whole();
      change(finding, path, to);
      const problems = validateOcsf(finding);
      assert.ok(
        problems.some((one) => one.path === where && one.problem.startsWith(problem)),
        JSON.stringify(problems),
      );
    });
  }

  test('an Update may claim an action', () => {
    const finding = whole();
    change(finding, 'activity_id', 2);
    change(finding, 'activity_name', 'Update');
    change(finding, 'type_uid', 200402);
    change(finding, 'type_name', 'Detection Finding: Update');
    change(finding, 'disposition_id', 3);
    change(finding, 'disposition', 'Quarantined');
    assert.deepEqual(validateOcsf(finding), []);
  });

  test('Other is allowed when its sibling says what is meant', () => {
    const finding = whole();
    change(finding, 'status_id', 99);
    change(finding, 'status', 'On the desk');
    assert.deepEqual(validateOcsf(finding), []);
  });

  test('Other is refused when its sibling says nothing', () => {
    const finding = whole();
    change(finding, 'status_id', 99);
    change(finding, 'status', undefined);
    assert.deepEqual(validateOcsf(finding), [{ path: 'status', problem: 'is required when status_id is 99' }]);
  });

  test('names that every object inherits are not attributes', () => {
    const finding: unknown = JSON.parse('{"constructor": 1, "__proto__": 2}');
    const paths = validateOcsf(finding).map((one) => `${one.path} ${one.problem}`);
    assert.ok(paths.includes('constructor is not an attribute'));
    assert.ok(paths.includes('__proto__ is not an attribute'));
  });

  test('what is no object at all is refused, not tripped over', () => {
    for (const nothing of [undefined, null, 1, 'x', [], () => 1]) {
      assert.deepEqual(validateOcsf(nothing), [{ path: '', problem: 'is not an object' }]);
    }
  });
});

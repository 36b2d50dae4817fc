import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ATTACK_VERSION, tacticName, techniqueOf } from './attack.ts';
import attackMap from './attack-map.json' with { type: 'json' };

suite('the ATT&CK map', () => {
  test('says which version its names come from', () => {
    assert.equal(ATTACK_VERSION, '18.1');
  });

  test('knows each tactic that a technique names and the technique above each sub-technique', () => {
    for (const id of Object.keys(attackMap.techniques)) {
      assert.match(id, /^T\d{4}(\.\d{3})?$/);
      const technique = techniqueOf(id);
      assert.ok(technique !== undefined && technique.name !== '' && technique.tactics.length > 0, id);
      for (const tactic of technique.tactics) assert.notEqual(tacticName(tactic), undefined, `${id} ${tactic}`);
      assert.equal(technique.parent?.id, id.includes('.') ? id.slice(0, 5) : undefined);
    }
  });

  test('does not answer to names that every object inherits', () => {
    for (const id of ['constructor', '__proto__', 'toString', '', 'T9999']) {
      assert.equal(techniqueOf(id), undefined);
      assert.equal(tacticName(id), undefined);
    }
  });
});

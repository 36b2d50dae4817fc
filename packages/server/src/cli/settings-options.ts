import { EngineError } from '@gait/engine/base/errors';
import { parseControl } from '@gait/engine/event/control';
import { SETTING_KEYS, type SettingKey, type SettingsChange } from '@gait/engine/event/record';
import { nearest } from '../config/nearest.ts';
import { UsageError } from './failure.ts';

/** Settings from `--set key=value` and `--budget n`, checked. Throws `UsageError`, which names the nearest key. */
export function settingsOf(options: {
  readonly set?: readonly string[];
  readonly budget?: string;
}): SettingsChange['set'] {
  const set: { [K in SettingKey]?: string } = {};
  for (const text of options.set ?? []) {
    const at = text.indexOf('=');
    const name = at < 0 ? text : text.slice(0, at);
    const key = SETTING_KEYS.find((one) => one === name);
    if (key === undefined) throw new UsageError(`There is no setting '${name}'.${hint(name)}`);
    if (at < 0) throw new UsageError(`Say what ${name} shall be: --set ${name}=VALUE.`);
    set[key] = text.slice(at + 1);
  }
  if (options.budget !== undefined) set.budget = options.budget;
  try {
    const control = parseControl({ kind: 'settings', set, by: 'check' });
    return control.kind === 'settings' ? control.set : {};
  } catch (error) {
    if (error instanceof EngineError) throw new UsageError(`${error.detail.replace(/^Control record: /, '')}`);
    throw error;
  }
}

function hint(name: string): string {
  const near = nearest(name, SETTING_KEYS);
  return near === undefined ? ` There are: ${SETTING_KEYS.join(', ')}.` : ` Did you mean '${near}'?`;
}

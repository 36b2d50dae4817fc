import attackMap from './attack-map.json' with { type: 'json' };

/** A technique as ATT&CK names it. `tactics` are the ids of all tactics it can serve. */
export interface Technique {
  readonly id: string;
  readonly name: string;
  readonly tactics: readonly string[];
  /** The technique a sub-technique belongs to. */
  readonly parent: Technique | undefined;
}

/** Version of ATT&CK that the names come from. Newer versions move techniques between tactics, so it is always shown. */
export const ATTACK_VERSION: string = attackMap.version;

const TECHNIQUES = techniquesOf(attackMap.techniques);
const TACTICS: ReadonlyMap<string, string> = new Map(Object.entries(attackMap.tactics));

/** The technique with this id; undefined for ids that the map does not hold. Names are never made up. */
export function techniqueOf(id: string): Technique | undefined {
  return TECHNIQUES.get(id);
}

/** Name of a tactic by its id, undefined when the map does not hold it. */
export function tacticName(id: string): string | undefined {
  return TACTICS.get(id);
}

function techniquesOf(
  table: Readonly<Record<string, { readonly name: string; readonly tactics: readonly string[] }>>,
): ReadonlyMap<string, Technique> {
  const found = new Map<string, Technique>();
  for (const id of Object.keys(table).sort()) {
    const parent = id.includes('.') ? found.get(id.slice(0, id.indexOf('.'))) : undefined;
    found.set(id, { id, ...table[id], parent });
  }
  return found;
}

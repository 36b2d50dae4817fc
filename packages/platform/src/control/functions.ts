import { randomUUID } from 'node:crypto';
import type { FunctionRevision } from '../contract.ts';
import type { StoredCode } from './code-store.ts';
import { absent, invalid, LambdaError } from './lambda-error.ts';
import { parseReference, type Reference } from './reference.ts';

/** A layer of a function. */
export interface Layer {
  /** With its version. */
  readonly arn: string;
  readonly folder: string;
  readonly description?: string;
  /** Its package, if it was published through the API. */
  readonly code?: StoredCode;
}

/** One revision of a function with what only the API shows of it. Never changed: a change makes another. */
export interface Configuration {
  readonly revision: FunctionRevision;
  readonly runtime: string;
  readonly description: string;
  readonly codeBytes: number;
  readonly modifiedMs: number;
  readonly layers: readonly Layer[];
  /** ARN of the queue for events that failed. */
  readonly deadLetterArn?: string;
}

/** A name for a version. `weights`: share of calls that go to another version, 0 to 1. */
export interface Alias {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly weights: Readonly<Record<string, number>>;
  readonly revisionId: string;
}

/** A function's own URL. */
export interface UrlConfig {
  readonly authType: 'NONE' | 'AWS_IAM';
  readonly invokeMode: string;
  readonly createdMs: number;
  readonly modifiedMs: number;
}

/** How asynchronous events are retried. */
export interface EventInvokeConfig {
  readonly retriesMax: number;
  readonly ageMsMax: number;
  /** Queue told of events that failed. */
  readonly onFailureArn?: string;
  readonly modifiedMs: number;
}

/** A statement of a function's policy, as JSON. */
export type FunctionStatement = Readonly<Record<string, unknown>>;

/** Policy of a function or of one of its versions and aliases. */
export interface FunctionPolicy {
  readonly statements: ReadonlyMap<string, FunctionStatement>;
  readonly revisionId: string;
}

/** A function with everything that belongs to it. */
export interface LambdaFunction {
  readonly name: string;
  /** Unqualified. */
  readonly arn: string;
  latest: Configuration;
  /** Published, by number, oldest first. */
  readonly versions: Map<string, Configuration>;
  nextVersion: number;
  readonly aliases: Map<string, Alias>;
  /** By qualifier, '' for the function itself. */
  readonly policies: Map<string, FunctionPolicy>;
  readonly tags: Map<string, string>;
  concurrency: number | undefined;
  url: UrlConfig | undefined;
  eventInvoke: EventInvokeConfig | undefined;
}

/** A function that a reference means, with the revision that runs. */
export interface Target {
  readonly fn: LambdaFunction;
  /** As it was asked for; undefined for the function itself. */
  readonly qualifier: string | undefined;
  readonly configuration: Configuration;
}

/** Settings of a function that a call may change. `deadLetterArn: undefined` takes the queue away. */
export type Settings = Partial<
  Pick<FunctionRevision, 'handler' | 'timeoutMs' | 'memorySizeMb' | 'tmpSizeMb' | 'environment' | 'roleArn'>
> &
  Partial<Pick<Configuration, 'description' | 'runtime' | 'layers'>> & { readonly deadLetterArn?: string | undefined };

/** What can be changed of a configuration: its settings and its code. */
export type Changes = Settings &
  Partial<Pick<FunctionRevision, 'codeFolder' | 'codeSha256'> & Pick<Configuration, 'codeBytes'>>;

/** What a new function is made with. */
export interface NewFunction extends Omit<Configuration, 'revision' | 'modifiedMs' | 'codeBytes'> {
  readonly name: string;
  readonly code: StoredCode;
  readonly settings: Omit<
    FunctionRevision,
    'name' | 'version' | 'arn' | 'revisionId' | 'codeFolder' | 'codeSha256' | 'layerFolders'
  >;
}

/** Functions of one platform: more than a person deploys on one machine. */
const FUNCTIONS_MAX = 1_000;
/** Versions of one function; each keeps its code. */
const VERSIONS_MAX = 1_000;

/** The functions of a platform, in memory. Not found is always a `LambdaError`. */
export class FunctionTable {
  readonly accountId: string;
  readonly region: string;
  readonly #functions = new Map<string, LambdaFunction>();
  readonly #now: () => number;

  constructor(place: { readonly accountId: string; readonly region: string; readonly now?: () => number }) {
    this.accountId = place.accountId;
    this.region = place.region;
    this.#now = place.now ?? Date.now;
  }

  /** By name. */
  all(): readonly LambdaFunction[] {
    return [...this.#functions.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  arnOf(name: string): string {
    return `arn:aws:lambda:${this.region}:${this.accountId}:function:${name}`;
  }

  byName(name: string): LambdaFunction | undefined {
    return this.#functions.get(name);
  }

  /** Reads a name, `name:qualifier` or ARN, with the qualifier given beside it. Does not look whether it exists. */
  reference(text: string, qualifier?: string): Reference {
    return parseReference(text, qualifier, this);
  }

  /** The function that is meant, whatever its qualifier. */
  find(text: string): LambdaFunction {
    const { name } = this.reference(text);
    const fn = this.#functions.get(name);
    if (fn === undefined) throw absent(`Function not found: ${this.arnOf(name)}`);
    return fn;
  }

  /** The revision that a call runs. An alias with weights is decided by chance, anew for each call. */
  resolve(text: string, qualifier?: string): Target {
    const reference = this.reference(text, qualifier);
    const fn = this.find(reference.name);
    if (reference.qualifier === undefined) return { fn, qualifier: undefined, configuration: fn.latest };
    const version = versionOf(fn, reference.qualifier);
    const configuration = version === '$LATEST' ? fn.latest : fn.versions.get(version ?? '');
    if (configuration === undefined) throw absent(`Function not found: ${fn.arn}:${reference.qualifier}`);
    return { fn, qualifier: reference.qualifier, configuration };
  }

  create(given: NewFunction): LambdaFunction {
    const { name, code, settings, ...rest } = given;
    if (this.#functions.has(name))
      throw new LambdaError('ResourceConflictException', `Function already exist: ${name}`);
    if (this.#functions.size >= FUNCTIONS_MAX) throw invalid(`There are ${FUNCTIONS_MAX} functions already.`);
    const arn = this.arnOf(name);
    const revision = {
      ...settings,
      name,
      arn,
      version: '$LATEST',
      revisionId: randomUUID(),
      codeFolder: code.folder,
      codeSha256: code.sha256,
      layerFolders: rest.layers.map(({ folder }) => folder),
    };
    const fn: LambdaFunction = {
      name,
      arn,
      latest: { ...rest, revision, codeBytes: code.bytes, modifiedMs: this.#now() },
      versions: new Map(),
      nextVersion: 1,
      aliases: new Map(),
      policies: new Map(),
      tags: new Map(),
      concurrency: undefined,
      url: undefined,
      eventInvoke: undefined,
    };
    this.#functions.set(name, fn);
    return fn;
  }

  delete(fn: LambdaFunction): void {
    this.#functions.delete(fn.name);
  }

  /** Makes the next revision of the function. */
  change(fn: LambdaFunction, changes: Changes): Configuration {
    const { runtime, description, codeBytes, layers, deadLetterArn, ...settings } = changes;
    const before = fn.latest;
    const nextLayers = layers ?? before.layers;
    const dead = 'deadLetterArn' in changes ? deadLetterArn : before.deadLetterArn;
    fn.latest = {
      runtime: runtime ?? before.runtime,
      description: description ?? before.description,
      codeBytes: codeBytes ?? before.codeBytes,
      layers: nextLayers,
      modifiedMs: this.#now(),
      revision: {
        ...before.revision,
        ...settings,
        layerFolders: nextLayers.map(({ folder }) => folder),
        revisionId: randomUUID(),
      },
      ...(dead === undefined ? {} : { deadLetterArn: dead }),
    };
    return fn.latest;
  }

  /** Publishes what the function is now; gives the version there is when nothing changed since. */
  publish(fn: LambdaFunction, description?: string): Configuration {
    const last = [...fn.versions.values()].at(-1);
    if (last !== undefined && contentOf(last) === contentOf(fn.latest)) return last;
    if (fn.versions.size >= VERSIONS_MAX) throw invalid(`The function has ${VERSIONS_MAX} versions already.`);
    const version = String(fn.nextVersion++);
    const revision = { ...fn.latest.revision, version, revisionId: randomUUID() };
    const published = {
      ...fn.latest,
      revision,
      description: description ?? fn.latest.description,
      modifiedMs: this.#now(),
    };
    fn.versions.set(version, published);
    return published;
  }
}

/** Version that a qualifier means; undefined when there is no such alias. */
function versionOf(fn: LambdaFunction, qualifier: string): string | undefined {
  if (qualifier === '$LATEST' || /^\d+$/.test(qualifier)) return qualifier;
  const alias = fn.aliases.get(qualifier);
  if (alias === undefined) return undefined;
  let chance = Math.random();
  for (const [version, weight] of Object.entries(alias.weights)) {
    chance -= weight;
    if (chance < 0) return version;
  }
  return alias.version;
}

/** What makes two revisions the same for publishing: all that runs, and nothing that only names it. */
function contentOf(configuration: Configuration): string {
  const { version: _version, revisionId: _id, environment, ...running } = configuration.revision;
  const { runtime, deadLetterArn } = configuration;
  return JSON.stringify([running, Object.entries(environment).toSorted(), runtime, deadLetterArn]);
}

import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { access, cp, mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execPath } from 'node:process';
import type { FunctionRevision } from '../contract.ts';
import type { SandboxPaths } from './environment.ts';
import { enterCommand, type Isolation, prepareEntering } from './isolation.ts';
import { HEAP_PERCENT } from './limits.ts';
import { INIT_SCRIPT } from './sandbox-script.ts';

/** Everything on disk that sandboxes are started from; one per host. */
export class Launcher {
  readonly #folder: string;
  readonly #isolation: Isolation;
  readonly #runtimeModules: string | undefined;
  readonly #layers = new Map<string, Promise<string>>();
  #made = 0;

  private constructor(folder: string, isolation: Isolation, runtimeModules: string | undefined) {
    this.#folder = folder;
    this.#isolation = isolation;
    this.#runtimeModules = runtimeModules;
  }

  /** Prepares `folder`, which is the launcher's own from now on. `runtimeModules` is a `node_modules` that functions can import. */
  static async create(folder: string, isolation: Isolation, runtimeModules: string | undefined): Promise<Launcher> {
    const runtime = join(folder, 'runtime');
    await mkdir(join(folder, 'sandboxes'), { recursive: true });
    await mkdir(join(folder, 'layers', 'none'), { recursive: true });
    await rm(runtime, { recursive: true, force: true });
    await mkdir(runtime, { recursive: true });
    await cp(join(import.meta.dirname, '..', 'bootstrap'), join(runtime, 'bootstrap'), { recursive: true });
    if (runtimeModules !== undefined) await symlink(runtimeModules, join(runtime, 'node_modules'));
    return new Launcher(folder, isolation, runtimeModules);
  }

  /** Prepares one sandbox: its folder, its view of the file system, and the command of its first process. */
  async prepare(revision: FunctionRevision): Promise<Launch> {
    this.#made += 1;
    const folder = join(this.#folder, 'sandboxes', String(this.#made));
    const layers = await this.#layersOf(revision);
    await mkdir(join(folder, 'tmp'), { recursive: true });
    const bootstrap = join(this.#folder, 'runtime', 'bootstrap');
    const isolation = this.#isolation;
    const extensions = extensionsIn(layers);
    if (isolation.kind === 'processes') {
      const paths = {
        task: revision.codeFolder,
        layers,
        runtime: join(this.#folder, 'runtime'),
        tmp: join(folder, 'tmp'),
      };
      const command = firstProcess(paths, execPath, revision.memorySizeMb);
      return { folder, command, paths, extensions, workingFolder: revision.codeFolder };
    }
    const files = { task: revision.codeFolder, layers, bootstrap, node: execPath, tmpSizeMb: revision.tmpSizeMb };
    const modules = this.#runtimeModules === undefined ? {} : { runtimeModules: this.#runtimeModules };
    prepareEntering(folder, { ...files, ...modules });
    const paths = { task: '/var/task', layers: '/opt', runtime: '/var/runtime' };
    const command = firstProcess(paths, '/var/lang/bin/node', revision.memorySizeMb);
    return { folder, command: enterCommand(isolation.drop, folder, command), paths, extensions, workingFolder: '/' };
  }

  /** Several layers are copied over each other once, as later ones replace files of earlier ones. */
  async #layersOf(revision: FunctionRevision): Promise<string> {
    const [first, ...more] = revision.layerFolders;
    if (first === undefined) return join(this.#folder, 'layers', 'none');
    if (more.length === 0) {
      // Without a file system of its own nothing else would notice that the layer is not there.
      await access(first);
      return first;
    }
    const key = revision.layerFolders.join('\0');
    const known = this.#layers.get(key);
    if (known !== undefined) return known;
    const merged = this.#merge(revision.layerFolders, join(this.#folder, 'layers', String(this.#layers.size)));
    this.#layers.set(key, merged);
    // A folder that could not be read may be readable the next time.
    merged.catch(() => this.#layers.delete(key));
    return merged;
  }

  async #merge(layers: readonly string[], into: string): Promise<string> {
    await rm(into, { recursive: true, force: true });
    await mkdir(into, { recursive: true });
    for (const layer of layers) await cp(layer, into, { recursive: true, force: true, verbatimSymlinks: true });
    return into;
  }
}

/** A sandbox ready to be started. */
export interface Launch {
  readonly folder: string;
  readonly command: readonly string[];
  readonly paths: SandboxPaths;
  /** Names of the programs that start as extensions. */
  readonly extensions: readonly string[];
  readonly workingFolder: string;
}

/** The flags are those of Lambda's own Node runtime. */
function firstProcess(paths: SandboxPaths, node: string, memorySizeMb: number): readonly string[] {
  const heapMb = Math.floor((memorySizeMb * HEAP_PERCENT) / 100);
  const runtime = [node, '--expose-gc', '--max-http-header-size=81920', `--max-old-space-size=${heapMb}`];
  const bootstrap = join(paths.runtime, 'bootstrap', 'runtime.cjs');
  return ['/bin/sh', '-c', INIT_SCRIPT, 'init', paths.layers, ...runtime, bootstrap];
}

function extensionsIn(layers: string): readonly string[] {
  const folder = join(layers, 'extensions');
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.') && isProgram(join(folder, name)));
  } catch {
    // No layer has extensions.
    return [];
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

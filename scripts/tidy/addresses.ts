import type { Rule } from './tree.ts';

/** Addresses of package registries (as URL or setting), and folders of one person's machine. */
const ADDRESSES: readonly (readonly [RegExp, string])[] = [
  [
    /(\/\/|\bregistry\s*=\s*\S*)registry\.[a-z0-9-]+\.[a-z]{2,}/i,
    'remove the address of a registry: each machine has its own',
  ],
  [/\bhttps?:\/\/[^\s"'/]*\b(artifactory|nexus|verdaccio|pypi)\b/i, 'remove the address of a registry'],
  [
    /(^|[\s"'`(=:])(\/home\/(?!sbx_user)[a-z]|\/Users\/[A-Za-z]|\/work\/|[A-Z]:\\Users\\)/,
    'remove the path of one machine',
  ],
];

/** The repository works on every machine: it names no registry and no folder of one person. */
export const addressesRule: Rule = {
  id: 'addresses',
  check(tree, report) {
    for (const [file, text] of tree.texts) {
      if (file.startsWith('fixtures/') || file === 'scripts/tidy/addresses.ts') continue;
      for (const [at, line] of text.split('\n').entries()) {
        for (const [pattern, what] of ADDRESSES) if (pattern.test(line)) report(file, at + 1, what);
      }
    }
  },
};

/** The lock file names packages and their hashes, not where they were fetched from. */
export const lockFileRule: Rule = {
  id: 'lock-file',
  check(tree, report) {
    const text = tree.texts.get('package-lock.json');
    if (text === undefined) return;
    for (const [at, line] of text.split('\n').entries()) {
      if (!/"resolved": "(https?|git|ssh|file)/.test(line)) continue;
      report('package-lock.json', at + 1, 'make it again with the settings of .npmrc: it may not name addresses');
    }
  },
};

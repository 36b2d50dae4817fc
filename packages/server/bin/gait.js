#!/usr/bin/env node
// Starts the command line. Plain JavaScript, so that an old Node can read it and say what to do.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(`gait needs Node 24; this is ${process.version}. Run it as \`npx gait\`, which brings its own.`);
  process.exit(1);
}
// Keeps the compiled code beside the packages: starting takes 0.13 s with it, 0.4 s without. Where it cannot be written,
// it is done without.
const { enableCompileCache } = await import('node:module');
const { fileURLToPath } = await import('node:url');
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache', import.meta.url)));
const { main } = await import('../src/cli/main.ts');
await main(process.argv);

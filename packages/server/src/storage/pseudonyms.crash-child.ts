import { writeSync } from 'node:fs';
import { openPseudonyms } from './pseudonyms.ts';

/** Gives tokens to people until it is killed, and says each on stdout. Arguments: path, number of the first person. */
const [path, first] = process.argv.slice(2);
const pseudonyms = openPseudonyms(path);
for (let person = Number(first); ; person++) writeSync(1, `${pseudonyms.person(`person number ${person}`)}\n`);

import type { KeyObject } from 'node:crypto';
import { LogError } from '../log/log.ts';
import {
  type Head,
  headHash,
  headSigned,
  keyId,
  linesOf,
  NO_HEAD,
  parseHead,
  paths,
  pemOf,
  publicKeyOf,
  readHeadsText,
  readPrivateKey,
  readPublicKey,
  type SignedHead,
} from '../log/proof.ts';
import type { FirstBad } from './report.ts';

/** The heads of a folder, checked: signed, chained, and in an order that a log can have. */
export interface CheckedHeads {
  readonly publicKey: KeyObject;
  readonly chain: readonly SignedHead[];
  readonly open: SignedHead | undefined;
  /** Heads of complete segments by number, removed ones included. */
  readonly sealed: ReadonlyMap<number, Head>;
  readonly removed: ReadonlySet<number>;
}

/** Checks the keys and heads of a folder; the first bad place otherwise. */
export async function checkHeads(folder: string): Promise<CheckedHeads | FirstBad> {
  const publicKey = await checkKeys(folder);
  if ('what' in publicKey) return publicKey;
  // Before the chain: a writer at work appends to the chain before it signs an open head that follows it.
  const openText = await readHeadsText(paths.openHead(folder));
  const path = paths.heads(folder);
  const text = await readHeadsText(path);
  if (text !== '' && !text.endsWith('\n')) return badHead(path, text.lastIndexOf('\n') + 1, 'the last line has no end');
  const checker = new ChainChecker(publicKey);
  let offset = 0;
  for (const line of linesOf(text)) {
    const problem = checker.add(line);
    if (problem !== undefined) return badHead(path, offset, problem);
    offset += Buffer.byteLength(line) + 1;
  }
  const open = checkOpenHead(paths.openHead(folder), openText, checker);
  if (open !== undefined && 'what' in open) return open;
  return { publicKey, chain: checker.chain, open, sealed: checker.sealed, removed: checker.removed };
}

async function checkKeys(folder: string): Promise<KeyObject | FirstBad> {
  const path = paths.publicKey(folder);
  const bad = (file: string, sentence: string): FirstBad => ({
    what: 'key',
    where: { file, offset: 0, ordinal: 0 },
    sentence,
  });
  try {
    const publicKey = await readPublicKey(path);
    if (publicKey === undefined) return bad(path, 'The public key is missing, so no signature can be checked.');
    const privateKey = await readPrivateKey(folder);
    if (privateKey === undefined || pemOf(publicKeyOf(privateKey)) === pemOf(publicKey)) return publicKey;
    return bad(path, 'The public key does not belong to the private key beside it.');
  } catch (error) {
    if (error instanceof LogError) return bad(paths.keys(folder), error.message);
    throw error;
  }
}

function checkOpenHead(path: string, text: string, checker: ChainChecker): SignedHead | undefined | FirstBad {
  if (text === '') return badHead(path, 0, 'the head of the open segment is missing');
  const [line, ...rest] = text.split('\n');
  if (rest.length !== 1 || rest[0] !== '') return badHead(path, line.length, 'the file is not one line');
  const open = parseHead(line);
  const problem = open === undefined ? 'the line is not a head' : checker.openProblem(open);
  return problem === undefined ? open : badHead(path, 0, problem);
}

function badHead(file: string, offset: number, problem: string): FirstBad {
  return { what: 'head', where: { file, offset, ordinal: 0 }, sentence: `In the signed heads, ${problem}.` };
}

/** Takes the lines of the heads file in order and says what is wrong with the first that does not fit. */
class ChainChecker {
  readonly chain: SignedHead[] = [];
  readonly sealed = new Map<number, Head>();
  readonly removed = new Set<number>();
  readonly #publicKey: KeyObject;
  readonly #key: string;
  readonly #links = new Set([NO_HEAD]);
  #link = NO_HEAD;

  constructor(publicKey: KeyObject) {
    this.#publicKey = publicKey;
    this.#key = keyId(publicKey);
  }

  add(line: string): string | undefined {
    const signed = parseHead(line);
    if (signed === undefined) return 'a line is not a head';
    const problem = this.#signatureProblem(signed) ?? this.#orderProblem(signed.head);
    if (problem !== undefined) return problem;
    if (signed.head.state === 'sealed') this.sealed.set(signed.head.segment, signed.head);
    else this.removed.add(signed.head.segment);
    this.chain.push(signed);
    this.#link = headHash(signed);
    this.#links.add(this.#link);
    return undefined;
  }

  openProblem(open: SignedHead): string | undefined {
    const problem = this.#signatureProblem(open);
    if (problem !== undefined) return problem;
    if (open.head.state !== 'open') return 'the head of the open segment is of another kind';
    if (!this.#links.has(open.head.previous)) return 'heads at the end of the chain are missing';
    return undefined;
  }

  #signatureProblem(signed: SignedHead): string | undefined {
    if (signed.head.key !== this.#key) return 'a head names another key';
    return headSigned(signed, this.#publicKey) ? undefined : 'a signature is wrong';
  }

  #orderProblem(head: Head): string | undefined {
    if (head.previous !== this.#link) return 'a head does not follow the one before';
    if (head.state === 'open') return 'the head of an open segment stands in the chain';
    const before = this.sealed.get(head.state === 'sealed' ? head.segment - 1 : head.segment);
    if (head.state === 'removed') {
      const repeats =
        before !== undefined && before.root === head.root && before.frame === head.frame && before.next === head.next;
      return repeats && !this.removed.has(head.segment)
        ? undefined
        : 'a removal does not repeat the head of its segment';
    }
    if (this.sealed.has(head.segment)) return 'a segment is sealed twice';
    if (head.segment === 1 ? head.first !== 0 : before?.next !== head.first) return 'a segment is missing in the chain';
    return undefined;
  }
}

/**
 * The form of a log on disk for those who prove it: segments and their frames, signed heads, keys, Merkle trees. The
 * rest of the server reads logs through `log.ts` and does not need it.
 */
export {
  codeOf,
  listSegments,
  paths,
  readSegmentHeader,
  type SegmentEntry,
  tryReadHeader,
} from './segments/folder.ts';
export { NO_HASH, SEGMENT_HEADER_BYTES, type SegmentHeader } from './segments/frame.ts';
export { type Head, headHash, headSigned, NO_HEAD, parseHead, type SignedHead } from './segments/head.ts';
export { linesOf, readHeadsText } from './segments/heads-file.ts';
export { keyId, parsePublicKey, pemOf, publicKeyOf, readPrivateKey, readPublicKey } from './segments/keys.ts';
export { type BadPlace, type SegmentProof, SegmentWalk } from './segments/leaves.ts';
export { LeafList, leafHash, MerkleLevels, rootOfPath } from './segments/merkle.ts';
export { tornTail } from './segments/tail.ts';

// @ts-check
/**
 * Streams read as prose: the pieces of one answer are one block. Pure.
 *
 * Consecutive records of kind `text` (or `thinking`) are pieces of one block, until a record that is marked `first` or
 * of another kind. A block is a record with the number of its last piece, `to`.
 */

/** @import {OutputRecord} from '../types.js' */

const IN_PIECES = ['text', 'thinking'];
/** A block that is longer goes on in another one: no text grows without end. */
export const MAX_BLOCK_CHARACTERS = 128 * 1024;

/** The number of the last piece. @param {OutputRecord} block */
export const lastOf = (block) => block.to ?? block.n;

/**
 * Whether `next` says more of what `block` says. A piece that was cut has a hole behind it.
 * @param {OutputRecord} block
 * @param {OutputRecord} next
 */
const continues = (block, next) =>
  next.n === lastOf(block) + 1 &&
  next.kind === block.kind &&
  next.first !== true &&
  IN_PIECES.includes(next.kind) &&
  block.bytes === undefined &&
  (block.text?.length ?? 0) < MAX_BLOCK_CHARACTERS;

/**
 * The blocks with what follows them. Only the last one can grow; the others stay the objects they are.
 * @param {readonly OutputRecord[]} blocks
 * @param {readonly OutputRecord[]} following records, or blocks
 * @returns {OutputRecord[]}
 */
export function joined(blocks, following) {
  const all = [...blocks];
  for (const next of following) {
    const last = all.at(-1);
    if (last && continues(last, next)) all[all.length - 1] = grown(last, next);
    else all.push(next);
  }
  return all;
}

/**
 * @param {OutputRecord} block
 * @param {OutputRecord} next
 * @returns {OutputRecord}
 */
const grown = (block, next) => ({
  ...block,
  to: lastOf(next),
  text: (block.text ?? '') + (next.text ?? ''),
  ...(next.bytes === undefined ? {} : { bytes: next.bytes }),
});

/**
 * Whether the first block may have begun before what is at hand.
 * @param {readonly OutputRecord[]} blocks
 * @param {number} first the oldest record there is
 */
export function isHeadOpen(blocks, first) {
  const [head] = blocks;
  return head !== undefined && head.n > first && head.first !== true && IN_PIECES.includes(head.kind);
}

/**
 * Without a block at the front whose beginning is missing, unless it is all there is.
 * @param {OutputRecord[]} blocks
 * @param {number} first the oldest record there is
 */
export const withWholeHead = (blocks, first) =>
  blocks.length > 1 && isHeadOpen(blocks, first) ? blocks.slice(1) : blocks;

/**
 * The block that the record is a piece of.
 * @param {readonly OutputRecord[]} blocks
 * @param {number} n
 */
export const blockOf = (blocks, n) => blocks.find((block) => block.n <= n && n <= lastOf(block));

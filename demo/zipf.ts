/**
 * Zipf's law: the thing of rank r is asked for in proportion to 1/r^s, as pages, songs and
 * countries are.
 *
 * @module
 */

/** Draws ranks 0…count−1; the same seed draws the same sequence. */
export function zipf(count: number, exponent: number, seed: number): () => number {
  const random = randomFrom(seed);
  const sums: number[] = [];
  let total = 0;
  for (let rank = 1; rank <= count; rank++) sums.push((total += rank ** -exponent));
  return () => {
    const drawn = random() * total;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? total) > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** Mulberry32: numbers from 0 up to 1, good enough for a demo. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

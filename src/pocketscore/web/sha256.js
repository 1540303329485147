/**
 * SHA-256 (FIPS 180-4). The platform's own is asynchronous and missing on pages served without TLS.
 */

/** @returns {Uint32Array} the first 32 bits of the fractional parts of the cube roots of the first 64 primes */
function roundConstants() {
  const found = new Uint32Array(64);
  for (let n = 2, i = 0; i < 64; n += 1) {
    if (isPrime(n)) found[i++] = fraction(Math.cbrt(n));
  }
  return found;
}

/** @param {number} n */
function isPrime(n) {
  for (let d = 2; d * d <= n; d += 1) if (n % d === 0) return false;
  return true;
}

/** @param {number} x */
function fraction(x) {
  return Math.floor((x - Math.floor(x)) * 2 ** 32);
}

const ROUNDS = roundConstants();
const START = [2, 3, 5, 7, 11, 13, 17, 19].map((prime) => fraction(Math.sqrt(prime)));

/**
 * @param {number} x
 * @param {number} n
 */
function turned(x, n) {
  return (x >>> n) | (x << (32 - n));
}

/**
 * @param {Uint8Array[]} parts read one after another
 * @returns {string} 64 hexadecimal digits
 */
export function sha256(parts) {
  const state = Uint32Array.from(START);
  const padded = padding(parts);
  const view = new DataView(padded.buffer);
  const schedule = new Uint32Array(64);
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i += 1) schedule[i] = view.getUint32(block + 4 * i);
    for (let i = 16; i < 64; i += 1) {
      const [a, b] = [schedule[i - 15], schedule[i - 2]];
      const low = turned(a, 7) ^ turned(a, 18) ^ (a >>> 3);
      const high = turned(b, 17) ^ turned(b, 19) ^ (b >>> 10);
      schedule[i] = schedule[i - 16] + low + schedule[i - 7] + high;
    }
    compress(state, schedule);
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}

/**
 * @param {Uint8Array[]} parts
 * @returns {Uint8Array} the message, a one bit, zeros, and its length in bits
 */
function padding(parts) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const padded = new Uint8Array(Math.ceil((length + 9) / 64) * 64);
  let at = 0;
  for (const part of parts) {
    padded.set(part, at);
    at += part.length;
  }
  padded[length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(length / 2 ** 29));
  view.setUint32(padded.length - 4, (length * 8) >>> 0);
  return padded;
}

/**
 * @param {Uint32Array} state changed in place
 * @param {Uint32Array} schedule
 */
function compress(state, schedule) {
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const first = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + ROUNDS[i] + schedule[i]) | 0;
    const second = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] += value; });
}

/**
 * The forward passes: word ids -> logits, in double precision. The twin of `student/forward.py`.
 */

/**
 * @typedef {{rows: number, columns: number, values: Float64Array}} Matrix row by row; a vector has one row
 * @typedef {Record<string, Matrix>} Weights
 * @typedef {{kind: "pocket", embedding: number, widths: number[], filters: number, hidden: number, buckets: number,
 *   dropout: number}} PocketSpec
 * @typedef {{kind: "elstm", embedding: number, units: number, bidirectional: boolean, pooling: "last" | "max",
 *   hidden: number, activation: "relu" | "selu", dropout: number, embedding_l1: number, hidden_l1: number,
 *   hidden_l2: number}} ElstmSpec
 * @typedef {PocketSpec | ElstmSpec} Spec
 */

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** @type {Record<string, (x: number) => number>} */
const ACTIVATIONS = {
  relu: (x) => Math.max(x, 0),
  selu: (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)),
};

/**
 * @param {Matrix} weight (R, C)
 * @param {Matrix} bias (R)
 * @param {Float64Array} input (C)
 * @returns {Float64Array} (R)
 */
function dense(weight, bias, input) {
  const out = Float64Array.from(bias.values);
  for (let row = 0; row < weight.rows; row += 1) {
    const begin = row * weight.columns;
    let sum = 0;
    for (let i = 0; i < weight.columns; i += 1) sum += weight.values[begin + i] * input[i];
    out[row] += sum;
  }
  return out;
}

/**
 * @param {ArrayLike<number>} logits
 * @returns {number[]} probabilities
 */
export function softmax(logits) {
  const powers = Array.from(logits);
  const top = Math.max(...powers);
  const sum = powers.reduce((total, logit, i) => total + (powers[i] = Math.exp(logit - top)), 0);
  return powers.map((power) => power / sum);
}

/** Deep path of the `pocket` student: at load each word is multiplied with each slice of each filter once. */
export class PocketForward {
  /**
   * @param {PocketSpec} spec
   * @param {Weights} weights
   */
  constructor(spec, weights) {
    this.spec = spec;
    this.weights = weights;
    this.slices = spec.widths.map((width) => sliced(weights.embedding, weights[`conv${width}.weight`], width));
    this.response = new Float32Array(spec.filters);
    this.best = new Float32Array(spec.filters);
  }

  /**
   * @param {ArrayLike<number>} ids of at least one word
   * @returns {Float64Array} logits
   */
  logits(ids) {
    const { filters, widths, embedding } = this.spec;
    const pooled = new Float64Array(filters * widths.length + embedding);
    widths.forEach((width, i) => this.peaks(ids, width, this.slices[i], pooled.subarray(i * filters)));
    this.mean(ids, pooled.subarray(filters * widths.length));
    const hidden = dense(this.weights["hidden.weight"], this.weights["hidden.bias"], pooled).map(ACTIVATIONS.relu);
    return dense(this.weights["output.weight"], this.weights["output.bias"], hidden);
  }

  /**
   * @param {ArrayLike<number>} ids
   * @param {number} width
   * @param {Float32Array} table (V + 1, width, filters)
   * @param {Float64Array} out each filter's largest response, at least 0
   */
  peaks(ids, width, table, out) {
    const { filters } = this.spec;
    const bias = this.weights[`conv${width}.bias`].values;
    const best = this.best.fill(-Infinity);
    const response = this.response;
    for (let t = 0; t < ids.length; t += 1) {
      response.fill(0);
      const end = Math.min(width, ids.length - t);
      for (let shift = 0; shift < end; shift += 1) {
        const begin = (ids[t + shift] * width + shift) * filters;
        for (let f = 0; f < filters; f += 1) response[f] += table[begin + f];
      }
      for (let f = 0; f < filters; f += 1) if (response[f] > best[f]) best[f] = response[f];
    }
    for (let f = 0; f < filters; f += 1) out[f] = Math.max(0, best[f] + bias[f]);
  }

  /**
   * @param {ArrayLike<number>} ids
   * @param {Float64Array} out mean word vector
   */
  mean(ids, out) {
    const { columns, values } = this.weights.embedding;
    for (let t = 0; t < ids.length; t += 1) {
      for (let i = 0; i < columns; i += 1) out[i] += values[ids[t] * columns + i] / ids.length;
    }
  }
}

/**
 * @param {Matrix} vectors (V + 1, E)
 * @param {Matrix} kernel (F, width · E)
 * @param {number} width
 * @returns {Float32Array} (V + 1, width, F) each vector times each slice
 */
function sliced(vectors, kernel, width) {
  const size = vectors.columns;
  const table = new Float32Array(vectors.rows * width * kernel.rows);
  let at = 0;
  for (let word = 0; word < vectors.rows; word += 1) {
    const vector = vectors.values.subarray(word * size, (word + 1) * size);
    for (let shift = 0; shift < width; shift += 1) {
      for (let f = 0; f < kernel.rows; f += 1) {
        const begin = f * kernel.columns + shift * size;
        let sum = 0;
        for (let i = 0; i < size; i += 1) sum += kernel.values[begin + i] * vector[i];
        table[at] = sum;
        at += 1;
      }
    }
  }
  return table;
}

/** The E-LSTM students. */
export class ElstmForward {
  /**
   * @param {ElstmSpec} spec
   * @param {Weights} weights
   */
  constructor(spec, weights) {
    this.spec = spec;
    this.weights = weights;
  }

  /**
   * @param {ArrayLike<number>} ids of at least one word
   * @returns {Float64Array} logits
   */
  logits(ids) {
    const { units, bidirectional, activation } = this.spec;
    const pooled = new Float64Array(units * (bidirectional ? 2 : 1));
    pooled.set(this.run("forward", Array.from(ids)));
    if (bidirectional) pooled.set(this.run("backward", Array.from(ids).reverse()), units);
    const hidden = dense(this.weights["hidden.weight"], this.weights["hidden.bias"], pooled);
    return dense(this.weights["output.weight"], this.weights["output.bias"], hidden.map(ACTIVATIONS[activation]));
  }

  /**
   * @param {string} direction
   * @param {number[]} ids in the order in which they are read
   * @returns {Float64Array} (U) pooled states
   */
  run(direction, ids) {
    const { units, pooling } = this.spec;
    const { columns, values } = this.weights.embedding;
    const [input, recurrent, bias] = ["input", "recurrent", "bias"].map((name) => this.weights[`${direction}.${name}`]);
    const none = { rows: 1, columns: recurrent.rows, values: new Float64Array(recurrent.rows) };
    /** @type {Float64Array} */
    let state = new Float64Array(units);
    const cell = new Float64Array(units);
    const best = new Float64Array(units).fill(-Infinity);
    for (const id of ids) {
      const gates = dense(input, bias, values.subarray(id * columns, (id + 1) * columns));
      const before = dense(recurrent, none, state);
      state = step(gates.map((gate, i) => gate + before[i]), cell);
      for (let u = 0; u < units; u += 1) best[u] = Math.max(best[u], state[u]);
    }
    return pooling === "max" ? best : state;
  }
}

/**
 * @param {Float64Array} gates (4 · U): input, forget, cell, output
 * @param {Float64Array} cell (U), changed in place
 * @returns {Float64Array} (U) the new state
 */
function step(gates, cell) {
  const units = cell.length;
  return cell.map((old, u) => {
    cell[u] = sigmoid(gates[units + u]) * old + sigmoid(gates[u]) * Math.tanh(gates[2 * units + u]);
    return sigmoid(gates[3 * units + u]) * Math.tanh(cell[u]);
  });
}

/** @param {number} x */
function sigmoid(x) {
  return 0.5 * (1 + Math.tanh(0.5 * x));
}

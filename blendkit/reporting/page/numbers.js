// Numbers in words of a fixed form, and the correctly rounded sum behind every mean.

export const NONE = "\u2013";

export function fixed(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "\u2212"); // there is no minus nothing
}

export function signed(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(text) !== 0 ? "\u2212" : "+"}${text}`;
}

export function percent(value, digits = 0) {
  return value === null || value === undefined ? NONE : `${(100 * value).toFixed(digits)} %`;
}

export function bounds(b, form = fixed, digits = 4) {
  if (!b) return NONE;
  return b.low === null ? form(b.estimate, digits) : `${form(b.estimate, digits)} [${form(b.low, digits)}, ${form(b.high, digits)}]`;
}

// The sum of numbers, rounded once (Shewchuk 1997): the bits of Python's math.fsum.
export function fsum(values) {
  const parts = [];
  for (let x of values) {
    let kept = 0;
    for (let y of parts) {
      if (Math.abs(x) < Math.abs(y)) [x, y] = [y, x];
      const high = x + y, low = y - (high - x);
      if (low) parts[kept++] = low;
      x = high;
    }
    parts.length = kept;
    parts.push(x);
  }
  return rounded(parts);
}

function rounded(parts) {
  let n = parts.length;
  if (!n) return 0;
  let high = parts[--n], low = 0;
  while (n > 0) {
    const x = high, y = parts[--n];
    high = x + y;
    low = y - (high - x);
    if (low) break;
  }
  if (n > 0 && ((low < 0 && parts[n - 1] < 0) || (low > 0 && parts[n - 1] > 0))) {
    const twice = 2 * low, x = high + twice;
    if (twice === x - high) high = x;
  }
  return high;
}

// Steps of an axis: about `count` round numbers from low to high.
export function ticks(low, high, count = 5) {
  const rough = (high - low) / Math.max(1, count);
  if (!(rough > 0)) return [low];
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((m) => m * size >= rough) * size;
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) found.push(Number((i * step).toPrecision(12)));
  return found.length < 3 && count < 20 ? ticks(low, high, 2 * count) : found; // one line says nothing of a scale
}

export function digitsFor(values) {
  const step = values.length > 1 ? Math.abs(values[1] - values[0]) : 10 ** -(String(values[0]).split(".")[1] ?? "").length;
  return Math.max(0, Math.min(6, Math.ceil(-Math.log10(step || 0.1) - 1e-9)));
}

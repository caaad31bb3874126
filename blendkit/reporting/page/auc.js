// The exact macro-AUC of (whole - k) a + k b: ties count half, and two numbers are tied only where they truly are.
import { fsum } from "./numbers.js";

const SPLIT = 134217729; // 2 ** 27 + 1 cuts a number into two halves whose products are exact

function productError(x, y, product) {
  const tx = SPLIT * x, xh = tx - (tx - x), xl = x - xh;
  const ty = SPLIT * y, yh = ty - (ty - y), yl = y - yh;
  return xl * yl - (product - xh * yh - xl * yh - xh * yl);
}

function sumError(x, y, sum) {
  const z = sum - x;
  return (x - (sum - z)) + (y - z);
}

// Fill high and low (n) with the blend of two columns in twice the bits of a number; say whether any low part is not 0.
export function blendColumn(a, b, from, n, k, whole, high, low) {
  const rest = whole - k;
  let more = false;
  for (let i = 0; i < n; i++) {
    const p = a[from + i] * rest, q = b[from + i] * k, sum = p + q;
    const error = sumError(p, q, sum) + (productError(a[from + i], rest, p) + productError(b[from + i], k, q));
    const top = sum + error;
    high[i] = top;
    low[i] = sumError(sum, error, top);
    if (low[i] !== 0) more = true;
  }
  return more;
}

function firstNotBelow(sorted, n, x) {
  let first = 0, last = n;
  while (first < last) {
    const middle = (first + last) >> 1;
    if (sorted[middle] < x) first = middle + 1; else last = middle;
  }
  return first;
}

function firstAbove(sorted, n, x) {
  let first = 0, last = n;
  while (first < last) {
    const middle = (first + last) >> 1;
    if (sorted[middle] <= x) first = middle + 1; else last = middle;
  }
  return first;
}

// 2 U: twice the negatives below each positive, and once those that tie with it.
export function twiceU(high, low, more, truth, from, n) {
  const negatives = new Float64Array(n);
  let count = 0;
  for (let i = 0; i < n; i++) if (!truth[from + i]) negatives[count++] = high[i];
  const sorted = negatives.subarray(0, count).sort();
  let total = 0;
  for (let i = 0; i < n; i++) {
    if (!truth[from + i]) continue;
    const below = firstNotBelow(sorted, count, high[i]), upto = firstAbove(sorted, count, high[i]);
    total += below + upto;
    if (more && upto > below) total += lowParts(high, low, truth, from, n, i) - (upto - below);
  }
  return total;
}

// Among the negatives whose high part ties with that of positive i: twice those below it, and once those that are equal.
function lowParts(high, low, truth, from, n, i) {
  let found = 0;
  for (let j = 0; j < n; j++) {
    if (truth[from + j] || high[j] !== high[i]) continue;
    if (low[j] < low[i]) found += 2; else if (low[j] === low[i]) found += 1;
  }
  return found;
}

// a, b, truth: n rows of each class, one class after the other; every class has positives and negatives.
export function macroAuc(a, b, truth, n, k, whole) {
  const classes = truth.length / n, perClass = new Float64Array(classes);
  const high = new Float64Array(n), low = new Float64Array(n);
  for (let c = 0; c < classes; c++) {
    const from = c * n, more = blendColumn(a, b, from, n, k, whole, high, low);
    let positives = 0;
    for (let i = 0; i < n; i++) positives += truth[from + i];
    perClass[c] = twiceU(high, low, more, truth, from, n) / (2 * positives * (n - positives));
  }
  return { macro: fsum(perClass) / classes, perClass };
}

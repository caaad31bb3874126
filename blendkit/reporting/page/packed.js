// Arrays inside the page: base64 text of deflated bytes, the lowest byte of all values first.

const KINDS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float64: Float64Array };

export async function unpack(packed) {
  const letters = atob(packed.data);
  const bytes = Uint8Array.from(letters, (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  const Kind = KINDS[packed.type], size = Kind.BYTES_PER_ELEMENT, count = planes.length / size;
  const whole = new Uint8Array(planes.length);
  for (let k = 0; k < size; k++) for (let i = 0, from = k * count; i < count; i++) whole[i * size + k] = planes[from + i];
  return new Kind(whole.buffer);
}

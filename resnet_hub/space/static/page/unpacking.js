// Files of the page -> their bytes. They travel packed, since few servers of static files pack by themselves.

/** What went wrong, as a key of words.json. */
export class Fault extends Error {
  constructor(key, values = {}) {
    super(key);
    this.key = key;
    this.values = values;
  }
}

/**
 * A packed file's bytes, unpacked; `told` hears how many bytes have come. A server that unpacks by itself is no harm.
 * @throws {Fault} The file did not come, or came in part.
 */
export async function unpacked(address, size, told = () => {}) {
  let response;
  try {
    response = await fetch(address);
  } catch {
    throw new Fault("not_loaded", { file: address });
  }
  if (!response.ok) throw new Fault("not_loaded", { file: address });
  const parts = [];
  let come = 0;
  try {
    for (const reader = response.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
      told((come += value.length));
    }
  } catch {
    throw new Fault("not_loaded", { file: address });
  }
  const whole = new Blob(parts);
  const start = new Uint8Array(await whole.slice(0, 2).arrayBuffer());
  const packed = start[0] === 0x1f && start[1] === 0x8b;
  const stream = packed ? whole.stream().pipeThrough(new DecompressionStream("gzip")) : whole.stream();
  let bytes;
  try {
    bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Fault("torn", { file: address });
  }
  if (bytes.length !== size) throw new Fault("torn", { file: address });
  return bytes;
}

/** The bytes of which those at even places came first: the upper and the lower halves of float16 pack better apart. */
export function interleaved(planes) {
  const whole = new Uint8Array(planes.length);
  const even = Math.ceil(planes.length / 2);
  for (let index = 0; index < even; index++) whole[2 * index] = planes[index];
  for (let index = even; index < planes.length; index++) whole[2 * (index - even) + 1] = planes[index];
  return whole;
}

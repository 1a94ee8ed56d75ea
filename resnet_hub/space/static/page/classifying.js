// A thread of its own, so that the page stays quick: pixels in, scores and evidence out, by ONNX Runtime.

import * as ort from "./runtime/ort.wasm.min.mjs";
import { Fault, interleaved, unpacked } from "./unpacking.js";

const MOST_PIXELS = 25e6;
let session, model;

async function load(given) {
  model = given;
  if (typeof WebAssembly === "undefined") throw new Fault("no_wasm");
  const come = {};
  const told = (name) => (count) => {
    come[name] = count;
    const sum = Object.values(come).reduce((one, other) => one + other, 0);
    postMessage({ kind: "progress", come: sum, whole: model.packed + model.runtime.packed });
  };
  const [wasm, planes] = await Promise.all([
    unpacked(model.runtime.file, model.runtime.size, told("runtime")),
    unpacked(model.file, model.size, told("model")),
  ]);
  ort.env.wasm.wasmPaths = new URL("runtime/", location.href).href;
  ort.env.wasm.wasmBinary = wasm.buffer;
  // Threads need memory that they share, which a browser gives only to pages that let in nothing of other hosts.
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
  try {
    session = await ort.InferenceSession.create(interleaved(planes), { executionProviders: ["wasm"] });
  } catch (error) {
    throw startFault(error);
  }
}

/** Why the runtime did not start, in the visitor's terms. */
function startFault(error) {
  const said = String(error);
  if (/memory|alloc|RangeError/i.test(said)) return new Fault("no_memory", { mb: Math.ceil(model.size / 1e6) });
  if (/wasm|WebAssembly|backend/i.test(said)) return new Fault("no_wasm");
  return new Fault("not_started", { reason: said.slice(0, 200) });
}

/** The pixels of an image, uint8 (height, width, channels), as Pillow has them; transparent ones are white. */
function pixelsOf(bitmap, channels) {
  const share = Math.min(1, Math.sqrt(MOST_PIXELS / (bitmap.width * bitmap.height)));
  const width = Math.max(1, Math.floor(bitmap.width * share));
  const height = Math.max(1, Math.floor(bitmap.height * share));
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (channels !== 4) {
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
  }
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const rgba = context.getImageData(0, 0, width, height).data;
  if (channels === 4) return { data: new Uint8Array(rgba.buffer), width, height, share };
  const data = new Uint8Array(width * height * channels);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    if (channels === 1) data[to++] = (rgba[from] * 19595 + rgba[from + 1] * 38470 + rgba[from + 2] * 7471 + 32768) >> 16;
    else for (let channel = 0; channel < 3; channel++) data[to++] = rgba[from + channel];
  }
  return { data, width, height, share };
}

async function classify(bitmap) {
  const started = performance.now();
  const { data, width, height, share } = pixelsOf(bitmap, model.channels);
  bitmap.close();
  const prepared = performance.now();
  const image = new ort.Tensor("uint8", data, [height, width, model.channels]);
  let found;
  try {
    found = await session.run({ image }, model.heatMap ? ["scores", "evidence"] : ["scores"]);
  } catch (error) {
    throw /memory|alloc/i.test(String(error)) ? new Fault("image_memory") : startFault(error);
  }
  const scores = found.scores.data;
  if (!scores.every(Number.isFinite)) throw new Fault("not_finite");
  const evidence = found.evidence && { data: found.evidence.data, sides: found.evidence.dims.slice(2) };
  const times = { pixels: prepared - started, network: performance.now() - prepared };
  return { scores, evidence, times, shrunk: share < 1 ? [width, height] : null };
}

const WORK = { load: (message) => load(message.model), classify: (message) => classify(message.bitmap) };

onmessage = async ({ data: message }) => {
  try {
    postMessage({ kind: "done", id: message.id, result: await WORK[message.kind](message) });
  } catch (error) {
    const fault = error instanceof Fault ? error : new Fault("gave_up", { reason: String(error).slice(0, 200) });
    postMessage({ kind: "fault", id: message.id, key: fault.key, values: fault.values });
  }
};

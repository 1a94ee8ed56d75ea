// A file of the visitor's -> an image that is upright and decoded, and the part of it that the network sees.

import { Fault } from "./unpacking.js";

const HEIF = ["heic", "heix", "hevc", "heim", "heis", "mif1", "msf1"];
const SIDE = 448;

/** The image of a file, as ImageBitmap. Throws a Fault that says what this browser cannot read. */
export async function decoded(file) {
  try {
    // As our own reader: upright, and with the numbers that are in the file, whatever its color profile.
    return await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none" });
  } catch {
    const start = new TextDecoder("latin1").decode(await file.slice(0, 16).arrayBuffer());
    if (start.slice(4, 8) === "ftyp" && HEIF.includes(start.slice(8, 12))) throw new Fault("heic");
    throw new Fault("no_image", { name: file.name || "" });
  }
}

/** Left, top, width and height of what the network sees, in pixels of the image. */
export function seenPart(width, height, input) {
  const target = [input.width / input.cropPct, input.height / input.cropPct].map(Math.floor);
  if (input.cropMode === "squash") {
    const part = [(width * input.width) / target[0], (height * input.height) / target[1]];
    return [(width - part[0]) / 2, (height - part[1]) / 2, ...part];
  }
  const ratios = [width / target[0], height / target[1]];
  const ratio = input.cropMode === "border" ? Math.max(...ratios) : Math.min(...ratios);
  const part = [input.width * ratio, input.height * ratio];
  return [(width - part[0]) / 2, (height - part[1]) / 2, ...part];
}

/** A canvas with what the network sees, larger than it sees it. */
export function seenCanvas(bitmap, input) {
  const canvas = document.createElement("canvas");
  const scale = SIDE / Math.max(input.width, input.height);
  [canvas.width, canvas.height] = [Math.round(input.width * scale), Math.round(input.height * scale)];
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, ...seenPart(bitmap.width, bitmap.height, input), 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** Values (rows, columns) stretched to width x height without edges in between, as PyTorch's bilinear does. */
export function stretched(values, [rows, columns], width, height) {
  const whole = new Float32Array(width * height);
  const place = (at, size, count) => {
    const exact = Math.min(Math.max(((at + 0.5) * count) / size - 0.5, 0), count - 1);
    const first = Math.floor(exact);
    return [first, Math.min(first + 1, count - 1), exact - first];
  };
  for (let y = 0; y < height; y++) {
    const [top, bottom, down] = place(y, height, rows);
    for (let x = 0; x < width; x++) {
      const [left, right, along] = place(x, width, columns);
      const above = values[top * columns + left] * (1 - along) + values[top * columns + right] * along;
      const below = values[bottom * columns + left] * (1 - along) + values[bottom * columns + right] * along;
      whole[y * width + x] = above * (1 - down) + below * down;
    }
  }
  return whole;
}

/** Draws what the network saw, and over it the evidence for a class; false where nothing speaks for it. */
export function drawSeen(canvas, seen, evidence, index, colors, opacity) {
  [canvas.width, canvas.height] = [seen.width, seen.height];
  const context = canvas.getContext("2d");
  context.drawImage(seen, 0, 0);
  if (!evidence) return true;
  const { width, height } = seen;
  const places = evidence.sides[0] * evidence.sides[1];
  const values = stretched(evidence.data.subarray(index * places, (index + 1) * places), evidence.sides, width, height);
  const strongest = values.reduce((one, other) => Math.max(one, other), 0);
  if (strongest === 0) return false;
  const pixels = context.getImageData(0, 0, width, height);
  for (let at = 0; at < values.length; at++) {
    const value = Math.max(0, values[at]) / strongest;
    const color = 3 * Math.round(255 * value);
    for (let channel = 0; channel < 3; channel++) {
      const place = 4 * at + channel;
      pixels.data[place] += (colors[color + channel] - pixels.data[place]) * opacity * value;
    }
  }
  context.putImageData(pixels, 0, 0);
  return true;
}

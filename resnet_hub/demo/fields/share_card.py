"""A card to share: one image of the picture, its glow, the verdict and the network's name.

It is drawn in the browser from what the page shows, in the fonts that the browser has, so that it can be written in any
language and nothing is kept on the server.
"""

from __future__ import annotations

import gradio as gr

from resnet_hub.demo.text import label

WIDTH, HEIGHT = 1200, 630
"""Pixels of the card: the shape that messengers and social networks show."""

# What stands on the page is text here, never markup. A line may break between words and beside Chinese characters, and
# inside a word that is longer than a line; a text that is too long gets smaller first and ends with an ellipsis then.
_DRAW = r"""async () => {
const shown = name => document.querySelector(name);
const text = name => shown(name)?.textContent.trim() ?? '';
const image = shown('#glow .under');
if (!image || shown('#verdict .refusal')) return;
// The glow follows the answer a moment later; a network without a map has none.
for (let tries = 0; tries < 20 && !shown('#glow .colors'); tries++) await new Promise(done => setTimeout(done, 100));
const glow = shown('#glow .colors');
const canvas = Object.assign(document.createElement('canvas'), {width: WIDTH, height: HEIGHT});
const pen = canvas.getContext('2d');
const family = getComputedStyle(shown('#verdict')).fontFamily;
await Promise.all(['400', '700'].map(weight => document.fonts.load(`${weight} 40px ${family}`)));
pen.fillStyle = '#f8fafc';
pen.fillRect(0, 0, WIDTH, HEIGHT);

const side = 566, scale = side / Math.max(image.naturalWidth, image.naturalHeight);
const wide = image.naturalWidth * scale, tall = image.naturalHeight * scale;
const left = 32 + (side - wide) / 2, top = 32 + (side - tall) / 2;
pen.save();
pen.beginPath();
pen.roundRect(left, top, wide, tall, 16);
pen.clip();
pen.imageSmoothingQuality = 'high';
pen.imageSmoothingEnabled = !image.classList.contains('squares');
pen.drawImage(image, left, top, wide, tall);
pen.imageSmoothingEnabled = true;
if (glow) {
  pen.globalAlpha = Number(getComputedStyle(glow).opacity);
  pen.drawImage(glow, left, top, wide, tall);
}
pen.restore();

const x = 32 + side + 36, room = WIDTH - x - 32;
const broken = words => {
  const end = '[\u3001\u3002\uff01\uff09\uff0c\uff0e\uff1a\uff1b\uff1f]*';
  const pieces = words.match(new RegExp(`[\u2e80-\uffef]${end}|[^\\s\u2e80-\uffef]+${end}\\s*|\\s+`, 'gu')) ?? [];
  const lines = [];
  let line = '';
  for (let piece of pieces) {
    if (line && pen.measureText((line + piece).trimEnd()).width > room) { lines.push(line.trimEnd()); line = ''; }
    const letters = Array.from(piece);
    while (letters.length > 1 && pen.measureText(letters.join('').trimEnd()).width > room) {
      let count = letters.length;
      while (count > 1 && pen.measureText(letters.slice(0, count).join('')).width > room) count--;
      lines.push(letters.splice(0, count).join(''));
    }
    line += letters.join('');
  }
  return line.trim() ? [...lines, line.trimEnd()] : lines;
};
const write = (words, y, weight, color, largest, smallest, height) => {
  let size = largest, lines = [];
  for (; ; size -= 2) {
    pen.font = `${weight} ${size}px ${family}`;
    lines = broken(words);
    if (lines.length * size * 1.3 <= height || size <= smallest) break;
  }
  const most = Math.max(1, Math.floor(height / (size * 1.3)));
  if (lines.length > most) {
    let last = Array.from(lines[most - 1]);
    while (last.length && pen.measureText(last.join('') + '…').width > room) last.pop();
    lines = [...lines.slice(0, most - 1), last.join('').trimEnd() + '…'];
  }
  pen.fillStyle = color;
  lines.forEach((line, row) => pen.fillText(line, x, y + size + row * size * 1.3));
  return y + lines.length * size * 1.3;
};
const below = write(text('#heading h1'), 40, 400, '#0f766e', 26, 22, 70);
write(text('#verdict [role=status]'), below + 24, 700, '#0f172a', 52, 26, 360);
write(text('#answered-by'), HEIGHT - 120, 400, '#475569', 24, 18, 80);

const content = await new Promise(done => canvas.toBlob(done, 'image/png'));
const link = document.createElement('a');
link.href = URL.createObjectURL(content);
link.download = 'answer.png';
link.click();
setTimeout(() => URL.revokeObjectURL(link.href), 10000); }"""


def share_card_button() -> gr.Button:
    """Adds a small button that saves the card; style.css hides it where there is no answer."""
    button = gr.Button(label("classify.card"), size="sm", elem_id="share-card")
    draw = _DRAW.replace("WIDTH", str(WIDTH)).replace("HEIGHT", str(HEIGHT))
    button.click(None, None, None, js=draw, api_visibility="private")
    return button

// An answer -> the sentence, the bars, and the place of the evidence.

import { drawSeen } from "./pictures.js";
import { inUse, percent, say, tenths } from "./words.js";

const part = (id) => document.getElementById(id);
const CHOICES = [1, 3, 5, 10, 20];
const USUAL = 5;
const WORTH_MENTIONING = 0.05;
let model, colors, chosen, shown;

export function useModel(given) {
  model = given;
  colors = Uint8Array.from(atob(model.colors), (letter) => letter.charCodeAt(0));
  const most = model.labels.en.length;
  const choices = [...CHOICES.filter((count) => count < most), ...(most <= CHOICES.at(-1) ? [most] : [])];
  part("top-k").append(...choices.map((count) => new Option(count)));
  part("top-k").value = String(choices.includes(USUAL) ? USUAL : choices.at(-1));
  part("glow-field").hidden = !model.heatMap;
}

/** The names of classes; two classes of one name are told apart by their numbers. */
function named(indices) {
  const names = model.labels[inUse()] ?? model.labels.en;
  const all = indices.map((index) => names[index]);
  return indices.map((index, at) =>
    all.filter((name) => name === all[at]).length > 1 ? say("class_number", { label: all[at], index }) : all[at],
  );
}

export function showAnswer(answer) {
  const { scores } = answer;
  // A sort that keeps equal scores in the order of the classes.
  const ranked = [...scores.keys()].sort((one, other) => scores[other] - scores[one] || one - other);
  const best = ranked.slice(0, Number(part("top-k").value));
  if (answer !== shown) [shown, chosen] = [answer, ranked[0]];
  const [first, second] = named(ranked.slice(0, 2));
  let sentence = say("likely", { label: first, percent: percent(scores[ranked[0]]) });
  if (ranked.length > 1 && scores[ranked[1]] >= WORTH_MENTIONING) {
    sentence += say("perhaps", { label: second, percent: percent(scores[ranked[1]]) });
  }
  part("verdict").textContent = sentence + say("end");
  part("note").textContent = notes(answer);
  const names = named(best);
  part("classes").replaceChildren(...best.map((index, at) => row(answer, index, names[at])));
  showSeen(answer, names[best.indexOf(chosen)] ?? first);
}

function notes({ times, shrunk, size }) {
  const parts = [say("timing", { pixels: times.pixels.toFixed(0), network: times.network.toFixed(0) })];
  if (shrunk) parts.push(say("shrunk", { from: size.join(" × "), to: shrunk.join(" × ") }));
  return parts.join(" ");
}

function row(answer, index, name) {
  const [item, button, line, bar, length] = ["li", "button", "span", "span", "span"].map((kind) =>
    document.createElement(kind),
  );
  const words = [name, tenths(answer.scores[index])].map((text) => {
    const word = document.createElement("span");
    word.textContent = text;
    return word;
  });
  line.className = "row";
  line.append(...words);
  bar.className = "bar";
  length.style.width = `${100 * answer.scores[index]}%`;
  bar.append(length);
  [button.type, button.dataset.index, button.dataset.score] = ["button", index, answer.scores[index]];
  button.append(line, bar);
  button.setAttribute("aria-pressed", String(index === chosen));
  button.onclick = () => {
    chosen = index;
    for (const other of part("classes").querySelectorAll("button")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    showSeen(answer, name);
  };
  item.append(button);
  return item;
}

function showSeen(answer, name) {
  const wanted = model.heatMap && part("glow").checked;
  const canvas = part("seen");
  const found = drawSeen(canvas, answer.seen, wanted ? answer.evidence : null, chosen, colors, model.opacity);
  const key = !model.heatMap ? "no_map" : !wanted ? "seen" : found ? "glowing" : "no_evidence";
  part("caption").textContent = say(key, { label: name });
  canvas.setAttribute("aria-label", part("caption").textContent);
}

/** What is known of the network, as texts. */
export function showFacts(given, language) {
  const entries = given.facts.map(({ key, values, text }) => {
    const [term, value] = ["dt", "dd"].map((kind) => document.createElement(kind));
    [term.textContent, value.textContent] = [say(key), text ?? values[language]];
    return [term, value];
  });
  part("facts").replaceChildren(...entries.flat());
}

// The page: what a visitor gives -> the thread that classifies -> what is shown. No picture leaves this browser.

import { showAnswer, showFacts, useModel } from "./answer.js";
import { useCamera } from "./camera.js";
import { keepForOffline, whenKept } from "./keeping.js";
import { decoded, seenCanvas } from "./pictures.js";
import { choose, fill, inUse, say, useWords } from "./words.js";

const part = (id) => document.getElementById(id);
const [model, words] = await Promise.all(["model.json", "words.json"].map(async (name) => (await fetch(name)).json()));
useWords(words);
useModel(model);

let thread, ready, answer, fault, busy, isKept;
let asked = 0;
const waiting = new Map();

function start() {
  thread = new Worker(new URL("classifying.js", import.meta.url), { type: "module" });
  thread.onmessage = ({ data }) => {
    if (data.kind === "progress") {
      if (!ready?.done) [part("progress").value, part("progress").max] = [data.come, data.whole];
      return;
    }
    const { resolve, reject } = waiting.get(data.id);
    waiting.delete(data.id);
    data.kind === "done" ? resolve(data.result) : reject(data);
  };
  thread.onerror = (event) => {
    event.preventDefault();
    for (const { reject } of waiting.values()) reject({ key: "gave_up", values: { reason: event.message ?? "" } });
    waiting.clear();
  };
  ready = { work: ask({ kind: "load", model }) };
  ready.work.then(
    () => (ready.done = true),
    () => (ready = null),
  );
}

function ask(message, moved = []) {
  const id = ++asked;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    thread.postMessage({ ...message, id }, moved);
  });
}

/** Classifies one file; the newest goes before those that are still on their way. */
async function classify(file, shown) {
  const mine = (classify.newest = (classify.newest ?? 0) + 1);
  const isNewest = () => mine === classify.newest;
  [answer, fault, busy] = [null, null, true];
  show();
  try {
    const bitmap = await decoded(file);
    if (!isNewest()) return bitmap.close();
    showPhoto(shown ?? URL.createObjectURL(file));
    const seen = seenCanvas(bitmap, model.input);
    const size = [bitmap.width, bitmap.height];
    if (!ready) start();
    await ready.work;
    const result = await ask({ kind: "classify", bitmap }, [bitmap]);
    if (isNewest()) answer = { ...result, seen, size };
  } catch (error) {
    if (isNewest()) fault = error.key ? error : { key: "gave_up", values: { reason: String(error).slice(0, 200) } };
  }
  if (!isNewest()) return;
  busy = false;
  show();
  whenKept(model.kept, () => ((isKept = true), show()));
}

function showPhoto(address) {
  const photo = part("photo");
  if (photo.src.startsWith("blob:")) URL.revokeObjectURL(photo.src);
  [photo.src, photo.alt, photo.hidden] = [address, say("chosen"), false];
  part("drop-hint").hidden = true;
}

function show() {
  part("verdict").classList.toggle("fault", Boolean(fault));
  part("progress").hidden = !busy || Boolean(ready?.done);
  part("result").hidden = !answer;
  part("answer").setAttribute("aria-busy", String(Boolean(busy)));
  part("offline").textContent = isKept ? say("kept") : "";
  part("note").textContent = "";
  if (answer) showAnswer(answer);
  else if (fault) part("verdict").textContent = say(fault.key, fault.values);
  else part("verdict").textContent = busy ? say(ready?.done ? "working" : "loading", { mb: model.megabytes }) : say("hint");
}

function showWords() {
  fill(document);
  const language = inUse();
  document.title = part("title").textContent = model.title ?? say("title");
  part("credit").textContent = say(model.credit);
  for (const button of part("examples").children) {
    const number = button.dataset.number;
    const name = model.examples[number - 1].names[language];
    button.setAttribute("aria-label", name ? say("example_of", { number, name }) : say("example", { number }));
    button.title = name ?? "";
  }
  showFacts(model, language);
  show();
}

function takeExamples() {
  model.examples.forEach(({ file }, index) => {
    const button = document.createElement("button");
    const image = document.createElement("img");
    [button.type, image.src, image.alt] = ["button", file, ""];
    button.dataset.number = index + 1;
    button.append(image);
    button.onclick = async () => classify(await (await fetch(file)).blob(), file);
    part("examples").append(button);
  });
}

/** The first file of a drop or a paste that is an image; a page's own image comes as its address, which is not fetched. */
function take(files) {
  const file = [...files][0];
  if (file) classify(file);
  else [answer, fault, busy] = [null, { key: "no_file", values: {} }, false];
  if (!file) show();
}

function takeFiles() {
  const drop = part("drop");
  for (const opener of [drop, part("choose")]) opener.onclick = () => part("file").click();
  part("file").onchange = ({ target }) => {
    if (target.files.length) take(target.files);
    target.value = "";
  };
  addEventListener("dragover", (event) => (event.preventDefault(), drop.classList.add("over")));
  addEventListener("dragleave", () => drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => event.clipboardData.files.length && take(event.clipboardData.files));
  part("paste").onclick = paste;
  useCamera(classify);
}

async function paste() {
  try {
    for (const item of await navigator.clipboard.read()) {
      const type = item.types.find((one) => one.startsWith("image/"));
      if (type) return classify(await item.getType(type));
    }
    take([]);
  } catch {
    [answer, fault] = [null, { key: "no_clipboard", values: {} }];
    show();
  }
}

takeExamples();
takeFiles();
part("language").value = inUse();
part("language").onchange = ({ target }) => (choose(target.value), showWords());
part("top-k").onchange = part("glow").onchange = show;
showWords();
await keepForOffline();
// A visitor may have been quicker; else it opens with an answered example, so that one sees at once what it does.
if (!ready) start();
if (!classify.newest && model.examples.length) part("examples").firstElementChild.click();
ready.work.catch((found) => {
  if (busy || answer) return;
  fault = found;
  show();
});

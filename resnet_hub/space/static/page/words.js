// What the page says, in the visitor's language.

const LANGUAGES = ["en", "zh-CN"];
const KEPT = "language";
let texts = {};
let language = LANGUAGES[0];

/** The language that the visitor chose here before, else that of the browser. */
function preferred() {
  try {
    const kept = localStorage.getItem(KEPT);
    if (LANGUAGES.includes(kept)) return kept;
  } catch {
    // A browser that keeps nothing still speaks.
  }
  return /^zh/i.test(navigator.language) ? "zh-CN" : "en";
}

export function useWords(given) {
  texts = given;
  language = preferred();
}

export const inUse = () => language;

export function choose(chosen) {
  language = chosen;
  try {
    localStorage.setItem(KEPT, chosen);
  } catch {
    // It is for this visit then.
  }
}

/** A text with its {places} filled. Between its characters Chinese writes no space. */
export function say(key, values = {}) {
  const filled = texts[key][language].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  return language === "en" ? filled : filled.replace(/([\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])/g, "$1");
}

/** Fills what stands still on the page. */
export function fill(root) {
  document.documentElement.lang = language;
  for (const place of root.querySelectorAll("[data-word]")) place.textContent = say(place.dataset.word);
  for (const place of root.querySelectorAll("[data-label]")) place.setAttribute("aria-label", say(place.dataset.label));
}

const withSign = (number) => (language === "en" ? `${number}\u00a0%` : `${number}%`);

/** A score from 0 to 1 in whole percent; never 0 or 100 %, which would claim certainty. */
export function percent(score) {
  if (score >= 0.995) return say("over", { percent: withSign("99") });
  if (score < 0.01) return say("under", { percent: withSign("1") });
  return withSign((100 * score).toFixed(0));
}

/** A score in percent with one decimal. */
export function tenths(score) {
  const number = (100 * score).toFixed(1);
  return withSign({ "0.0": "< 0.1", "100.0": "> 99.9" }[number] ?? number);
}

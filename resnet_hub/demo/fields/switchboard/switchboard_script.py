"""The switchboard in the browser: a click and its keys, what they ask of the server, and what the answer changes."""

# A switch turns at once, and the server is told what all of them then say; an answer to an older state is let go. The
# board is one stop of the Tab key, in which the arrow keys move; the image as a stage sees it follows the pointer too.
SWITCHED = r"""
const all = name => [...element.querySelectorAll(name)];
const board = () => element.querySelector('.board');
const blocks = () => all('.block');
const swaps = () => board().dataset.swaps ? board().dataset.swaps.split(',') : [];
const tell = () => {
  const off = all('.block[aria-checked=false]').map(one => one.dataset.place);
  window.switchAsked = board().dataset.asked = [...off, ...swaps()].join(',');
  trigger('click', {cut: board().dataset.asked}) };
const turn = (one, on) => {
  if (one.getAttribute('aria-disabled') !== 'true') one.setAttribute('aria-checked', on) };
const heads = () => all('.head[role]').forEach(head => {
  const row = [...head.closest('.stage').querySelectorAll('.block:not([aria-disabled])')];
  head.setAttribute('aria-checked', row.some(one => one.getAttribute('aria-checked') === 'true')) });
const swapping = on => {
  element.querySelector('[data-tool=swap]').setAttribute('aria-pressed', on);
  const hint = element.querySelector('[data-hint]');
  hint.textContent = on ? hint.dataset.hint : '';
  board().classList.toggle('swapping', on);
  blocks().forEach(one => one.classList.remove('chosen', 'unfit')) };
const isSwapping = () => board()?.classList.contains('swapping');
const choose = one => {
  const first = element.querySelector('.block.chosen');
  if (!first) {
    one.classList.add('chosen');
    blocks().forEach(other => other.classList.toggle('unfit', other.dataset.fits !== one.dataset.fits));
    return }
  if (one.dataset.fits !== first.dataset.fits) return;
  swapping(false);
  if (one === first) return;
  const pair = [first.dataset.place, one.dataset.place], known = swaps();
  if ([pair.join('-'), pair.reverse().join('-')].includes(known.at(-1))) known.pop();
  else known.push(pair.reverse().join('-'));
  board().dataset.swaps = known.join(',');
  tell() };
element.addEventListener('click', event => {
  const one = event.target.closest('button');
  if (!one) return;
  if (one.dataset.tool === 'swap') return swapping(!isSwapping());
  if (one.dataset.tool === 'reset') {
    swapping(false);
    blocks().forEach(block => turn(block, true));
    board().dataset.swaps = '' }
  else if (one.matches('.block')) {
    if (isSwapping()) return choose(one);
    if (one.getAttribute('aria-disabled') === 'true') return;
    turn(one, one.getAttribute('aria-checked') !== 'true') }
  else if (one.matches('.head[role]')) {
    const on = one.getAttribute('aria-checked') !== 'true';
    one.closest('.stage').querySelectorAll('.block').forEach(block => turn(block, on)) }
  else return;
  heads();
  tell() });
element.addEventListener('keydown', event => {
  const from = event.target.closest('.board button');
  if (event.key === 'Escape' && isSwapping()) return swapping(false);
  if (!from) return;
  const stops = all('.head, .block'), rows = all('.stage');
  const row = from.closest('.stage'), inside = [...row.querySelectorAll('.head, .block')];
  const beside = step => {
    const next = rows[rows.indexOf(row) + step]?.querySelectorAll('.head, .block');
    return next?.[Math.min(inside.indexOf(from), next.length - 1)] };
  const next = {
    ArrowRight: () => stops[stops.indexOf(from) + 1], ArrowLeft: () => stops[stops.indexOf(from) - 1],
    ArrowDown: () => beside(1), ArrowUp: () => beside(-1), Home: () => stops[0], End: () => stops.at(-1)
  }[event.key];
  if (!next) return;
  event.preventDefault();
  next()?.focus() });
element.addEventListener('focusin', event => {
  const one = event.target.closest('.board button');
  if (!one) return;
  all('.block, .head').forEach(other => { other.tabIndex = other === one ? 0 : -1 }) });
const look = event => {
  const head = event.target.closest?.('.stage')?.querySelector('.head');
  const view = document.querySelector('#switch-view');
  if (!head || !view?.querySelector('img')) return;
  const image = view.querySelector('img');
  image.src = head.querySelector('img').src;
  image.dataset.stage = head.dataset.stage;
  view.querySelector('p').textContent = head.dataset.view };
element.addEventListener('focusin', look);
element.addEventListener('pointerover', look);
"""
# What the server says of the board changes what is drawn, where it is what was asked last.
CHANGED = r"""patch => {
const element = document.querySelector('#switch-board');
const first = element?.querySelector('.board');
if (!patch || !first) return;
const told = JSON.parse(patch), blocks = [...element.querySelectorAll('.block')];
if (blocks.length !== told.blocks.length) return;
if (first.dataset.asked !== undefined && first.dataset.asked !== told.asked) return;
delete first.dataset.asked;
blocks.forEach((one, index) => {
  const [place, on, level, ratio, words, fits] = told.blocks[index];
  one.dataset.place = place;
  one.dataset.fits = fits;
  one.setAttribute('aria-checked', on);
  one.setAttribute('aria-label', words);
  one.title = words;
  one.style.setProperty('--level', level);
  one.querySelector('.ratio').textContent = ratio;
  one.querySelector('.place').textContent = place });
element.querySelectorAll('.head img').forEach((image, index) => { image.src = told.views[index] });
element.querySelectorAll('.head[role]').forEach(head => {
  const row = [...head.closest('.stage').querySelectorAll('.block:not([aria-disabled])')];
  head.setAttribute('aria-checked', row.some(one => one.getAttribute('aria-checked') === 'true')) });
const shown = document.querySelector('#switch-view img');
if (shown) shown.src = element.querySelector(`.head[data-stage="${shown.dataset.stage}"] img`).src; }"""

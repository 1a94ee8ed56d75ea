"""The stream on which a visitor's answers come: what is asked for while it ends is answered all the same.

Bends `window.fetch` in the browser, because the server ends the stream after the last answer and the browser learns of
it later. What a visitor asks for in between would be answered on a stream that is over, and appear with the next thing
that is asked for: a click that is lost, for whoever waits.
"""

from __future__ import annotations

import gradio as gr

# In the browser. Gradio is told that the stream is over when nothing that was asked for is still due; else the stream
# goes on with another one. What was due before that one and does not come on it either was taken back.
GO_ON = r"""() => {
const fetched = window.fetch, encoder = new TextEncoder();
const joins = new Set(), due = new Set(), early = new Set();
const join = async given => {
  const response = await fetched(...given);
  const {event_id: id} = await response.clone().json().catch(() => ({}));
  if (id && !early.delete(id)) due.add(id);
  return response;
};
const patience = () => new Promise(done => setTimeout(done, 1000));
const isDue = async () => {  // a question that hangs on its way keeps no answer to another one
  if (joins.size) await Promise.race([Promise.allSettled(joins), patience()]);
  return due.size + joins.size > 0;
};
const carry = async (request, response, out) => {
  for (let waited = [];; response = await fetched(request)) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '', goesOn = false;
    for (let {done, value} = await reader.read(); !done; {done, value} = await reader.read()) {
      const parts = (rest + value).split('\n\n');
      rest = parts.pop();
      for (const part of parts) {
        const [, kind, id] = /"msg":"(\w+)"(?:,"event_id":"([^"]+)")?/.exec(part.slice(0, 200)) ?? [];
        if (kind === 'process_completed' && !due.delete(id)) early.add(id);
        if (kind === 'close_stream') {
          waited.forEach(id => due.delete(id));
          if (goesOn = await isDue()) { waited = [...due]; continue }
        }
        out.enqueue(encoder.encode(part + '\n\n'));
        if (kind === 'close_stream') return out.close();  // gradio breaks off the request now, which is no failure
      }
    }
    if (!goesOn) return out.close();
  }
};
window.fetch = async (...given) => {
  const path = new URL(given[0].url ?? given[0], location).pathname;
  if (path.endsWith('/queue/join')) {
    const joined = join(given);
    joins.add(joined);
    const over = () => joins.delete(joined);
    joined.then(over, over);
    return joined;
  }
  const response = await fetched(...given);
  if (!path.endsWith('/queue/data') || !(given[0] instanceof Request) || !response.ok) return response;
  const start = out => { carry(given[0], response, out).catch(error => out.error(error)) };
  return new Response(new ReadableStream({start}), response);
} }"""


def lose_no_answer(page: gr.Blocks) -> None:
    """Lets each browser wait for all that it asked for; called inside of the page, before other events."""
    page.load(None, js=GO_ON, api_visibility="private")

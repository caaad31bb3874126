// Questions to the server of this page. What it refuses is an Error whose message is for people.

// lost(): called when the server does not answer any more; ask: the channel of figures, null where there are none
export const state = { lost: null, ask: null };

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch {
    state.lost?.();
    throw new Error("the server does not answer");
  }
  const text = await response.text();
  let found = null;
  try { found = JSON.parse(text); } catch { found = { error: text.trim() || `the server answered ${response.status}` }; }
  if (!response.ok || found.error) throw new Error(found.error ?? `the server answered ${response.status}`);
  return found;
}

export function ask(name, asked = {}) {
  return answer(fetch(`ask/${name}?${new URLSearchParams(asked)}`));
}

export function order(name, body) {
  return answer(fetch(`do/${name}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }));
}

export function clipAddress(kind, clip, more = {}) {
  return `${kind}?${new URLSearchParams({ recording: clip.recording, start: clip.from, end: clip.to, ...more })}`;
}

// The channel of figures. ask(kind, question) -> answer; of each kind only the latest question is answered, the others
// stay without an answer. ended(): the server has gone.
export function channel(ended) {
  const address = new URL("live", location.href);
  address.protocol = "ws:";
  const socket = new WebSocket(address), waiting = new Map(), early = [];
  let next = 0;
  socket.addEventListener("message", ({ data }) => {
    const found = JSON.parse(data), own = waiting.get(found.kind);
    if (!own || own.id !== found.id) return;
    waiting.delete(found.kind);
    if (found.error) own.fail(new Error(found.error)); else own.done(found);
  });
  socket.addEventListener("open", () => early.splice(0).forEach((text) => socket.send(text)));
  const gone = () => new Error("the server does not answer");
  socket.addEventListener("close", () => { waiting.forEach((own) => own.fail(gone())); waiting.clear(); ended(); });
  return (kind, question) => new Promise((done, fail) => {
    if (socket.readyState > WebSocket.OPEN) { fail(gone()); return; }
    const id = ++next, text = JSON.stringify({ kind, id, ...question });
    waiting.set(kind, { id, done, fail });
    if (socket.readyState === WebSocket.CONNECTING) early.push(text); else if (socket.readyState === WebSocket.OPEN) socket.send(text);
  });
}

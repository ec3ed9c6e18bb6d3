// What the reader has chosen lives in the address's query: it can be shared, survives a reload and the switch of
// language or run, and the back button brings back what was before. Choices are pushed, moves of the map only noted.
const OWN = ["lang", "run", "paper"];
let current = new URLSearchParams(location.search);
const listeners = [];

export function get(key) {
  return current.get(key);
}

/** Changes some keys; null or an empty text removes one. With `push` the back button undoes it. */
export function set(changes, { push = false } = {}) {
  const next = new URLSearchParams(current);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") next.delete(key);
    else next.set(key, value);
  }
  if (next.toString() === current.toString()) return;
  current = next;
  history[push ? "pushState" : "replaceState"](null, "", `?${readable(next)}`);
  carry();
}

/** Calls the listener when the reader goes back or forward. */
export function onReturn(listener) {
  listeners.push(listener);
}

/** A page's address with the reader's choices; language and run stay as the address has them. */
export function carried(address) {
  const url = new URL(address, document.baseURI);
  for (const key of [...url.searchParams.keys()]) if (!OWN.includes(key)) url.searchParams.delete(key);
  for (const [key, value] of current) if (!OWN.includes(key)) url.searchParams.set(key, value);
  url.search = readable(url.searchParams);
  return url;
}

function readable(query) {
  return query.toString().replaceAll("%2C", ",");
}

function carry() {
  for (const link of document.querySelectorAll("a[data-keep-state]")) link.href = carried(link.href).href;
  document.dispatchEvent(new CustomEvent("shalgai:state"));
}

addEventListener("popstate", () => {
  current = new URLSearchParams(location.search);
  carry();
  for (const listener of listeners) listener();
});

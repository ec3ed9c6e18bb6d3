// What the reader has set up lives in the address's fragment: it survives a reload and the switch of language or run,
// and never reaches the server.
const state = new URLSearchParams(location.hash.slice(1));

export function get(key) {
  return state.get(key);
}

export function set(key, value) {
  if (value === null || value === "") state.delete(key);
  else state.set(key, value);
  const fragment = `#${state.toString().replaceAll("%2C", ",").replaceAll("%2F", "/")}`;
  history.replaceState(history.state, "", fragment === "#" ? location.pathname + location.search : fragment);
  for (const link of document.querySelectorAll("a[data-keep-state]")) link.hash = fragment;
}

/** Carry the state that the page was opened with to its links. */
export function start() {
  for (const link of document.querySelectorAll("a[data-keep-state]")) link.hash = location.hash;
}

// The choices that narrow map, table, downloads and print alike. They live in the address.
import { config } from "./config.js";
import { classes } from "./symbols.js";
import * as state from "./state.js";

/** Value of the class filter for every class but `served`; see maps/overview.py. */
export const GAPS = "gaps";

/** What the address narrows to, by the collections' columns. */
export function chosen() {
  const found = Object.entries(config.columns).map(([key, column]) => [column, state.get(key)]);
  return Object.fromEntries(found.filter(([, value]) => value));
}

/** Whether a settlement passes what the address narrows to. */
export function passing() {
  const wanted = Object.entries(chosen());
  return (properties) =>
    wanted.every(([column, value]) => {
      if (column !== "service_class") return properties[column] === value;
      return value === GAPS ? classes.of(properties) !== "served" : classes.of(properties) === value;
    });
}

/** Ties the form's selects to the address; `onChange()` is called when the reader has chosen. */
export function createFilter(form, clear, onChange) {
  const selects = [...form.querySelectorAll("select")];
  function show() {
    for (const select of selects) select.value = state.get(select.name) ?? "";
    clear.hidden = !Object.keys(chosen()).length;
  }
  function choose(changes) {
    state.set({ ...changes, place: null }, { push: true });
    show();
    onChange();
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => choose({ [event.target.name]: event.target.value }));
  clear.addEventListener("click", () => {
    choose(Object.fromEntries(Object.keys(config.columns).map((key) => [key, null])));
    selects[0].focus();
  });
  show();
  return { show };
}

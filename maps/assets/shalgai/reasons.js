// Reason codes in the library's words, with the numbers behind them.
import { number, percent, word } from "./i18n.js";

function shown(key, value) {
  if (typeof value !== "number") return value;
  if (key === "probability") return percent(value);
  return number(value, ["km", "mbps"].includes(key) ? 1 : 0);
}

/** One reason as a sentence; a code that this page does not know stands for itself. */
export function reason({ code, ...values }) {
  // published totals give a probability even where nothing is known of the place itself
  const key = code === "nothing_known" && values.probability !== undefined ? "prior" : code;
  return word("reasons", key, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, shown(name, value)])));
}

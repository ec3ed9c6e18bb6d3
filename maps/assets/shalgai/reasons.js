// Reason codes in the library's words, with the numbers behind them.
import { number, percent, t, word } from "./i18n.js";

function shown(key, value) {
  if (typeof value !== "number") return value;
  if (key === "probability") return percent(value);
  return number(value, ["km", "mbps"].includes(key) ? 1 : 0);
}

/** One reason as a sentence; a code that this page does not know stands for itself. */
export function reason({ code, ...values }) {
  // without published totals there is no probability to tell
  if (code === "nothing_known" && values.probability === undefined) return t("Nothing is published about this place.");
  return word("reasons", code, Object.fromEntries(Object.entries(values).map(([key, value]) => [key, shown(key, value)])));
}

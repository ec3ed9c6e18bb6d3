// Sums over the settlements shown.
import { number, t } from "./i18n.js";

/** How many settlements are listed and how many people live there. */
export function summary(features) {
  const people = features.reduce((sum, { properties }) => sum + (properties.population ?? 0), 0);
  return t("Settlements: {count}; residents: {people}", { count: number(features.length), people: number(people) });
}

/** Writes into the legend how many of the settlements shown have each symbol. */
export function showCounts(features, symbols) {
  const counts = new Map();
  for (const { properties } of features) {
    const name = symbols.of(properties);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  for (const key of document.querySelectorAll(".legend li[data-symbol]")) {
    key.querySelector(".count").textContent = number(counts.get(key.dataset.symbol) ?? 0);
  }
}

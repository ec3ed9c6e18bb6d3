// The sheet to print: drawn once, in vectors, as the address says; no controls.
import { collectionOf } from "./config.js";
import { drawCoverage } from "./coverage.js";
import { features } from "./data.js";
import { addDistricts, districtName } from "./districts.js";
import { h, name as text } from "./dom.js";
import { passing } from "./filter.js";
import { nameOf, number } from "./i18n.js";
import { addLabels } from "./labels.js";
import { createMap, fit } from "./map.js";
import { addMarkers } from "./markers.js";
import { run } from "./notice.js";
import { people, range } from "./popup.js";
import * as state from "./state.js";
import { classes } from "./symbols.js";
import { showCounts, summary } from "./totals.js";

const byId = (id) => document.getElementById(id);

function row(feature, district) {
  const p = feature.properties;
  const interval = p.rank_low !== null && p.rank_low !== undefined ? h("small", {}, ` ${range(p.rank_low, p.rank_high)}`) : null;
  return h(
    "tr",
    {},
    h("td", { class: "c-rank" }, p.rank ? number(p.rank) : "\u2013", interval),
    h("th", { class: "c-place", scope: "row" }, text(nameOf(p))),
    h("td", { class: "c-district" }, text(district)),
    h("td", { class: "c-class" }, h("span", { class: "chip" }, classes.picture(p), classes.title(p))),
    h("td", { class: "c-people" }, people(p)),
    h("td", { class: "c-score" }, p.score === null || p.score === undefined ? "\u2013" : number(p.score, 1)),
  );
}

run(async () => {
  const map = createMap(byId("map"), { remembers: false, still: true });
  const [areas, settlements] = await Promise.all([features(collectionOf("districts")), features(collectionOf("settlements"))]);
  const districts = addDistricts(map, areas);
  const matches = passing();
  const shown = settlements.filter(({ properties }) => matches(properties));
  const chosen = districts.byCode(state.get("district"));
  if (chosen) districts.choose(state.get("district"));
  if (chosen && !state.get("at")) fit(map, chosen.bounds);
  const markers = addMarkers(map, shown, { symbols: classes, vector: true });
  addLabels(map, districts, shown, markers);
  await drawCoverage(map, (state.get("layers") ?? "").split(","));
  const ordered = [...shown].sort((a, b) => (a.properties.rank ?? Infinity) - (b.properties.rank ?? Infinity) || 0);
  document.querySelector(".sheet-table tbody").append(...ordered.map((feature) => row(feature, districtName(districts.byCode(feature.properties.district_kato)))));
  byId("list-count").textContent = summary(shown);
  showCounts(shown, classes);
  byId("print").addEventListener("click", () => window.print());
});

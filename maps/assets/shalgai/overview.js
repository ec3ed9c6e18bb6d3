// The overview page: ties map, filter, search, table, downloads and sharing together.
import { placeCell, symbolCell } from "./cells.js";
import { h } from "./dom.js";
import { updateDownloads } from "./downloads.js";
import { createFilter, passing } from "./filter.js";
import { number } from "./i18n.js";
import { createList } from "./list.js";
import { fit } from "./map.js";
import { run } from "./notice.js";
import { people, range } from "./popup.js";
import { createSearch } from "./search.js";
import { createSettlementMap } from "./settlements.js";
import { createShare } from "./share.js";
import * as state from "./state.js";
import { classes } from "./symbols.js";
import { showCounts, summary } from "./totals.js";

const byId = (id) => document.getElementById(id);

function cells(feature, district) {
  const p = feature.properties;
  const interval = p.rank_low !== null && p.rank_low !== undefined ? range(p.rank_low, p.rank_high) : null;
  return [
    h("td", { class: "c-rank" }, p.rank ? number(p.rank) : "\u2013", interval && h("small", {}, interval)),
    placeCell(feature, district),
    symbolCell(classes, p),
    h("td", { class: "c-people" }, people(p)),
    h("td", { class: "c-score" }, p.score === null || p.score === undefined ? "\u2013" : number(p.score, 1)),
  ];
}

run(async () => {
  let list = null;
  const page = await createSettlementMap({
    symbols: classes,
    onChoose: (feature, reveal) => list?.choose(feature?.properties.kato ?? null, reveal),
  });
  list = createList(byId("settlement-table"), {
    cells: (feature) => cells(feature, page.districtOf(feature.properties)),
    values: {
      rank: (p) => p.rank ?? Infinity,
      class: classes.order,
      people: (p) => -(p.population ?? -1),
      score: (p) => -(p.score ?? -1),
    },
    onOpen: (kato, from, focus) => page.open(kato, { from, focus, reveal: false }),
  });

  function narrow() {
    const matches = passing();
    const shown = page.settlements.filter(({ properties }) => matches(properties));
    page.show(matches);
    page.districts.choose(state.get("district"));
    list.set(shown);
    byId("list-count").textContent = summary(shown);
    showCounts(shown, classes);
    updateDownloads(byId("downloads"));
  }

  const filter = createFilter(byId("filter"), byId("filter-clear"), () => {
    page.close();
    narrow();
    const district = page.districts.byCode(state.get("district"));
    if (district) fit(page.map, district.bounds);
  });
  createSearch(byId("search"), byId("suggestions"), byId("search-status"), page.settlements, {
    symbols: classes,
    districtOf: page.districtOf,
    onPick: (kato) => page.open(kato, { from: byId("search") }),
    onText: (text) => state.set({ q: text }),
  });
  byId("search").value = state.get("q") ?? "";
  createShare(byId("embed-code"));
  narrow();
  state.onReturn(() => {
    filter.show();
    byId("search").value = state.get("q") ?? "";
    narrow();
  });
  const district = page.districts.byCode(state.get("district"));
  if (district && !state.get("at") && !state.get("place")) fit(page.map, district.bounds);
  page.start();
});

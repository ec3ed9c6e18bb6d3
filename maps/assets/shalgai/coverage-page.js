// The page of one operator and technology: what it gives each settlement, on the map and in the table.
import { placeCell, symbolCell } from "./cells.js";
import { config, serviceUrl } from "./config.js";
import { fetched } from "./data.js";
import { h } from "./dom.js";
import { createFilter, passing } from "./filter.js";
import { number, percent, word } from "./i18n.js";
import { createList } from "./list.js";
import { fit } from "./map.js";
import { run } from "./notice.js";
import { people } from "./popup.js";
import { createSearch } from "./search.js";
import { createSettlementMap } from "./settlements.js";
import { addSignal } from "./signal.js";
import * as state from "./state.js";
import { symbolSet } from "./symbols.js";
import { showCounts, summary } from "./totals.js";

const byId = (id) => document.getElementById(id);
const reach = symbolSet(config.styles.reach, (p) => p.reach, (name) => config.reach[name]);
const known = (value) => value !== null && value !== undefined;

/** Puts what the operator's technology gives beside what is known of each settlement anyway. */
async function addReach(settlements) {
  const { columns } = await fetched("maps/coverage/reach", { run: config.run, operator: config.operator, technology: config.technology });
  const rowOf = new Map(columns.kato.map((kato, row) => [kato, row]));
  for (const { properties } of settlements) {
    const row = rowOf.get(properties.kato);
    const value = (name) => (row === undefined ? null : columns[name][row]);
    properties.reach = value("reach");
    properties.offer = Object.fromEntries(["probability_served", "signal_dbm", "share_covered", "basis", "as_of"].map((name) => [name, value(name)]));
  }
}

function cells(feature, district) {
  const { offer, ...p } = feature.properties;
  return [
    placeCell(feature, district),
    symbolCell(reach, p),
    h("td", { class: "c-people" }, people(p)),
    h("td", { class: "c-share" }, known(offer.probability_served) ? percent(offer.probability_served) : "\u2013", offer.basis ? h("small", {}, word("bases", offer.basis)) : null),
    h("td", { class: "c-signal" }, known(offer.signal_dbm) ? number(offer.signal_dbm, 0) : "\u2013"),
  ];
}

run(async () => {
  let list = null;
  const page = await createSettlementMap({
    symbols: reach,
    shaded: false,
    prepare: addReach,
    onChoose: (feature, reveal) => list?.choose(feature?.properties.kato ?? null, reveal),
  });
  addSignal(page.map, byId("signal-legend"));
  list = createList(byId("settlement-table"), {
    cells: (feature) => cells(feature, page.districtOf(feature.properties)),
    values: {
      people: (p) => -(p.population ?? -1),
      reach: reach.order,
      probability: (p) => -(p.offer.probability_served ?? -1),
      signal: (p) => -(p.offer.signal_dbm ?? -Infinity),
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
    showCounts(shown, reach);
    const chosen = Object.fromEntries(Object.keys(config.columns).flatMap((key) => (state.get(key) ? [[key, state.get(key)]] : [])));
    const offer = { run: config.run, operator: config.operator, technology: config.technology };
    byId("download-table").href = serviceUrl("maps/coverage/reach", { f: "csv", ...offer, ...chosen });
  }

  const filter = createFilter(byId("filter"), byId("filter-clear"), () => {
    page.close();
    narrow();
    const district = page.districts.byCode(state.get("district"));
    if (district) fit(page.map, district.bounds);
  });
  narrow();
  state.onReturn(() => {
    filter.show();
    narrow();
  });
  createSearch(byId("search"), byId("suggestions"), byId("search-status"), page.settlements, {
    symbols: reach,
    districtOf: page.districtOf,
    onPick: (kato) => page.open(kato, { from: byId("search") }),
    onText: (text) => state.set({ q: text }),
  });
  byId("search").value = state.get("q") ?? "";
  page.start();
});

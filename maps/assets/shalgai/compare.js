// Two runs on two maps that move together, and the table of what changed between them.
import { placeCell } from "./cells.js";
import { collectionOf, config } from "./config.js";
import { features, fetched, position } from "./data.js";
import { addDistricts, districtName } from "./districts.js";
import { h } from "./dom.js";
import { number, word } from "./i18n.js";
import { addLabels } from "./labels.js";
import { L } from "./leaflet.js";
import { createList } from "./list.js";
import { createMap, goTo } from "./map.js";
import { addMarkers } from "./markers.js";
import { run } from "./notice.js";
import { settlementCard } from "./popup.js";
import * as state from "./state.js";
import { classes, symbolSet } from "./symbols.js";
import { summary } from "./totals.js";

const byId = (id) => document.getElementById(id);
const changes = symbolSet(config.styles.changes, (p) => p.change, (name) => config.changes[name]);
const known = (value) => value !== null && value !== undefined;
const SIDES = ["a", "b"];
/** What gets a ring: where only knowledge or figures changed, nothing did on the ground. */
const RINGED = ["lost", "gained", "class", "appeared", "disappeared"];

/** Draws one run; `changed` are the settlements that get a ring. */
async function drawSide(side, runId, changed) {
  const map = createMap(byId(`map-${side}`), { remembers: side === "b" });
  const [areas, settlements] = await Promise.all([features(collectionOf("districts"), {}, runId), features(collectionOf("settlements"), {}, runId)]);
  const districts = addDistricts(map, areas);
  const byKato = new Map(settlements.map((feature) => [feature.properties.kato, feature]));
  const markers = addMarkers(map, settlements, { symbols: classes, ringed: (kato) => changed.has(kato), onOpen: (kato) => open(kato) });
  addLabels(map, districts, settlements, markers);
  const popup = L.popup({ className: "card-popup", closeButton: false, maxWidth: 320, minWidth: 240, maxHeight: 320 });
  function open(kato) {
    const feature = byKato.get(kato);
    const at = position(feature?.geometry);
    if (!at) return;
    const card = settlementCard(feature, districtName(districts.byCode(feature.properties.district_kato)), () => map.closePopup(popup));
    popup.setLatLng(at).setContent(card).openOn(map);
  }
  return { map, districts, markers, byKato };
}

/** Moves each map with the other. */
function tie(maps) {
  let moving = false;
  for (const [map, other] of [maps, [...maps].reverse()]) {
    map.on("move", () => {
      if (moving) return;
      moving = true;
      other.setView(map.getCenter(), map.getZoom(), { animate: false });
      moving = false;
    });
  }
}

function arrow(before, after) {
  return [before, after].map((value) => (known(value) ? number(value) : "\u2013")).join(" \u2192 ");
}

function classCell(name, side) {
  const kind = side === "a" ? "c-before" : "c-after";
  if (!name) return h("td", { class: kind }, "\u2013");
  return h("td", { class: kind }, h("span", { class: "chip" }, classes.picture({ service_class: name }), h("span", {}, word("classes", name))));
}

function cells(feature, district) {
  const p = feature.properties;
  return [
    h("td", { class: "c-change" }, h("span", { class: "chip" }, changes.picture(p), h("span", {}, changes.title(p)))),
    placeCell(feature, district),
    classCell(p.service_class_a, "a"),
    classCell(p.service_class_b, "b"),
    h("td", { class: "c-rank" }, arrow(p.rank_a, p.rank_b)),
    h("td", { class: "c-people" }, arrow(p.people_without_a, p.people_without_b)),
  ];
}

run(async () => {
  const [a, b] = config.runs;
  const { features: changed } = await fetched("maps/compare/changes", { run: a, with: b });
  const ringed = new Set(changed.filter(({ properties }) => RINGED.includes(properties.change)).map(({ properties }) => properties.kato));
  const sides = await Promise.all(SIDES.map((side, i) => drawSide(side, config.runs[i], ringed)));
  tie(sides.map(({ map }) => map));
  const districtOf = (p) => districtName(sides[1].districts.byCode(p.district_kato_b) ?? sides[0].districts.byCode(p.district_kato_a));
  const list = createList(byId("settlement-table"), {
    cells: (feature) => cells(feature, districtOf(feature.properties)),
    values: {
      change: changes.order,
      before: (p) => classes.order({ service_class: p.service_class_a }),
      after: (p) => classes.order({ service_class: p.service_class_b }),
      move: (p) => -Math.abs(p.rank_move ?? 0),
      people: (p) => p.people_without_change ?? 0,
    },
    onOpen(kato) {
      const at = position(sides[1].byKato.get(kato)?.geometry ?? sides[0].byKato.get(kato)?.geometry);
      for (const { markers } of sides) markers.choose(kato);
      if (at) goTo(sides[1].map, at, 9, 0);
      document.querySelector(".twins").scrollIntoView({ block: "nearest" });
    },
  });

  const boxes = [...document.querySelectorAll("#change-filter input")];
  function narrow() {
    const wanted = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const shown = changed.filter(({ properties }) => wanted.has(properties.change));
    list.set(shown);
    byId("list-count").textContent = summary(shown.map(({ properties }) => ({ properties: { population: properties.population_b ?? properties.population_a } })));
  }
  function check() {
    const wanted = state.get("change")?.split(",");
    for (const box of boxes) box.checked = !wanted || wanted.includes(box.value);
    narrow();
  }
  for (const box of boxes) {
    box.addEventListener("change", () => {
      const on = boxes.filter(({ checked }) => checked).map(({ value }) => value);
      state.set({ change: on.length < boxes.length ? on.join(",") : null }, { push: true });
      narrow();
    });
  }
  check();

  byId("view-switch").addEventListener("click", ({ target }) => {
    const view = target.dataset.view;
    if (!view) return;
    document.querySelector(".twins").dataset.view = view;
    for (const button of byId("view-switch").children) button.setAttribute("aria-pressed", String(button === target));
    const { map } = sides[SIDES.indexOf(view)];
    const other = sides[1 - SIDES.indexOf(view)].map;
    const [centre, zoom] = [other.getCenter(), other.getZoom()];
    map.invalidateSize({ animate: false, pan: false });
    map.setView(centre, zoom, { animate: false });
  });
  state.onReturn(() => {
    sides[1].map.shalgaiStand();
    check();
  });
});

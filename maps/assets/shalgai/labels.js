// Names on the map: districts first, then settlements by people, as many as fit without touching
// a name or a marker. Only districts and towns may hide a marker, where there is no other room.
import { position } from "./data.js";
import { labelPoint } from "./districts.js";
import { h } from "./dom.js";
import { nameOf } from "./i18n.js";
import { L } from "./leaflet.js";
import { legendWidth } from "./map.js";

const MOST = 70;
const TRIED = 400;
const CELL = 64;
const PIXELS_PER_NAME = 20000;
const GAP = 2;
const HEIGHT = 15;
const STYLES = { district: { font: "600 11px", widen: 1.16 }, place: { font: "500 12px", widen: 1 } };

export function addLabels(map, districts, settlements, markers) {
  const pen = document.createElement("canvas").getContext("2d");
  const pane = map.getPane("labels");
  const places = settlements
    .filter(({ geometry }) => geometry)
    .sort((a, b) => (b.properties.population ?? 0) - (a.properties.population ?? 0))
    .map(({ geometry, properties }) => ({ at: position(geometry), text: short(nameOf(properties)), kato: properties.kato, town: ["city", "town"].includes(properties.kind) }));
  const areas = districts.all.map(({ feature }) => ({ at: labelPoint(feature.geometry), text: short(nameOf(feature.properties)) }));
  const family = getComputedStyle(map.getContainer()).fontFamily;

  function sized(label, kind) {
    pen.font = `${STYLES[kind].font} ${family}`;
    return { ...label, kind, point: map.latLngToLayerPoint(label.at).round(), width: pen.measureText(label.text).width * STYLES[kind].widen + 2 };
  }

  function refresh() {
    const view = map.getBounds();
    const first = map.containerPointToLayerPoint([legendWidth(map), 0]);
    const last = map.containerPointToLayerPoint(map.getSize());
    const visible = places.filter(({ at, kato }) => view.contains(at) && markers.isShown(kato));
    const dots = grid(visible.map(({ at, kato }) => ({ point: map.latLngToLayerPoint(at), radius: markers.radius(kato), kato, weight: markers.severity(kato) })));
    const taken = [];
    const shown = [];
    /** How much of the markers a name would hide, severe ones counting most. */
    const cost = (box, kato) =>
      dots(box).reduce((sum, dot) => sum + (dot.kato !== kato && meets(box, around(dot.point, dot.radius * 2, dot.radius * 2)) ? dot.weight ** 2 : 0), 0);
    const within = (box) => box[0] > first.x && box[1] > first.y && box[2] < last.x && box[3] < last.y;
    const free = (box) => within(box) && !taken.some((other) => meets(box, other));
    const cheapest = (boxes, kato) => boxes.filter(free).map((box) => ({ box, cost: cost(box, kato) })).sort((a, b) => a.cost - b.cost)[0];
    const write = (label, box) => {
      taken.push(box);
      const element = h("span", { class: `map-label is-${label.kind}`, dir: "auto" }, label.text);
      L.DomUtil.setPosition(element, L.point((box[0] + box[2]) / 2, (box[1] + box[3]) / 2));
      shown.push(element);
    };
    for (const area of areas.filter(({ at }) => view.contains(at))) {
      const label = sized(area, "district");
      const boxes = [0, -13, 13, -26, 26].flatMap((dy) => [0, -18, 18].map((dx) => around(label.point.add([dx, dy]), label.width, HEIGHT)));
      const best = cheapest(boxes);
      if (best) write(label, best.box);
    }
    let room = Math.min(MOST, Math.round((map.getSize().x * map.getSize().y) / PIXELS_PER_NAME));
    for (const place of visible.slice(0, TRIED)) {
      if (!room) break;
      const label = sized(place, "place");
      const away = markers.radius(place.kato) + 9;
      const aside = markers.radius(place.kato) + 5 + label.width / 2;
      const spots = [[0, away], [0, -away], [aside, 0], [-aside, 0]].map((shift) => around(label.point.add(shift), label.width, HEIGHT));
      const best = cheapest(spots, place.kato);
      if (!best || (best.cost && !place.town)) continue;
      write(label, best.box);
      room -= 1;
    }
    pane.replaceChildren(...shown);
  }
  map.on("moveend zoomend resize", refresh);
  map.on("zoomstart", () => pane.replaceChildren());
  refresh();
  return refresh;
}

/** Finds the dots near a box without looking at all of them. */
function grid(dots) {
  const cells = new Map();
  const key = (x, y) => `${Math.floor(x / CELL)} ${Math.floor(y / CELL)}`;
  for (const dot of dots) {
    const at = key(dot.point.x, dot.point.y);
    if (cells.has(at)) cells.get(at).push(dot);
    else cells.set(at, [dot]);
  }
  return ([left, top, right, bottom]) => {
    const found = [];
    for (let x = left - CELL / 2; x < right + CELL * 1.5; x += CELL) {
      for (let y = top - CELL / 2; y < bottom + CELL * 1.5; y += CELL) found.push(...(cells.get(key(x, y)) ?? []));
    }
    return found;
  };
}

function short(words) {
  return words.length > 60 ? `${words.slice(0, 59)}\u2026` : words;
}

function around({ x, y }, width, height) {
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}

function meets(a, b) {
  return a[0] - GAP < b[2] && a[2] + GAP > b[0] && a[1] - GAP < b[3] && a[3] + GAP > b[1];
}

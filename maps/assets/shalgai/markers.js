// Settlements on one canvas: shape and colour by class, size by people. A canvas still pans with ten thousand of them.
import { mapDescription } from "./config.js";
import { position } from "./data.js";
import { name as text } from "./dom.js";
import { nameOf } from "./i18n.js";
import { L } from "./leaflet.js";
import { CLASSES, draw, radiusOf, symbolOf } from "./symbols.js";

const GROWTH_PER_ZOOM = 0.16;

const ShapeMarker = L.CircleMarker.extend({
  _updatePath() {
    const renderer = this._renderer;
    if (!renderer._drawing || this._empty()) return;
    draw(renderer._ctx, this.options.symbol, this._point, this._radius);
    if (this.options.chosen) {
      const context = renderer._ctx;
      context.beginPath();
      context.arc(this._point.x, this._point.y, this._radius + 5, 0, 2 * Math.PI);
      context.lineWidth = 2.5;
      context.strokeStyle = "#1c1530";
      context.stroke();
    }
  },
});

/** Adds the settlements that have a position; `onOpen(kato)` is called for a click. */
export function addSettlements(map, features, onOpen) {
  const renderer = L.canvas({ pane: "settlements", padding: 0.3, tolerance: 4 });
  const baseZoom = map.getBoundsZoom(mapDescription.bounds);
  const scale = () => {
    const room = Math.min(Math.max(map.getSize().x / 700, 0.7), 1);
    return Math.min(Math.max(room + GROWTH_PER_ZOOM * (map.getZoom() - baseZoom), 0.65), 2);
  };
  const markers = new Map();
  const severity = ({ properties }) => CLASSES.length - CLASSES.indexOf(symbolOf(properties));
  // drawn later means on top: severe ones over others, small ones over large
  const order = features
    .filter(({ geometry }) => geometry)
    .sort((a, b) => severity(a) - severity(b) || (b.properties.population ?? 0) - (a.properties.population ?? 0));
  for (const feature of order) {
    const { properties } = feature;
    const marker = new ShapeMarker(position(feature.geometry), {
      pane: "settlements",
      renderer,
      bubblingMouseEvents: false,
      radius: radiusOf(properties, scale()),
      weight: 3,
      symbol: symbolOf(properties),
    });
    marker.on("click", () => onOpen(properties.kato));
    marker.bindTooltip(() => text(nameOf(properties)), { className: "name-tip", direction: "top", offset: [0, -6] });
    marker.addTo(map);
    markers.set(properties.kato, { marker, properties });
  }
  map.on("zoomend", () => {
    const now = scale();
    for (const { marker, properties } of markers.values()) marker.setRadius(radiusOf(properties, now));
  });
  let chosen = null;
  return {
    severity: (kato) => (markers.has(kato) ? severity(markers.get(kato)) : 0),
    radius: (kato) => markers.get(kato)?.marker.getRadius() ?? 0,
    choose(kato) {
      for (const [code, on] of [[chosen, false], [kato, true]]) {
        const entry = markers.get(code);
        if (!entry) continue;
        entry.marker.options.chosen = on;
        entry.marker.redraw();
      }
      chosen = kato;
    },
  };
}

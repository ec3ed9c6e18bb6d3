// Settlements as symbols: shape and colour tell what they have, size how many live there. A canvas still pans with ten
// thousand of them; paper gets vectors.
import { mapDescription } from "./config.js";
import { position } from "./data.js";
import { name as text } from "./dom.js";
import { nameOf } from "./i18n.js";
import { L } from "./leaflet.js";
import { draw } from "./symbols.js";

const GROWTH_PER_ZOOM = 0.16;
const RING = { width: 2.5, colour: "#1c1530", gap: 5 };

const ShapeMarker = L.CircleMarker.extend({
  _empty() {
    return this.options.hidden || L.CircleMarker.prototype._empty.call(this);
  },
  _containsPoint(point) {
    return !this.options.hidden && L.CircleMarker.prototype._containsPoint.call(this, point);
  },
  _updatePath() {
    const { _ctx: context, _drawing: drawing } = this._renderer;
    if (!context) this._updateVector();
    else if (drawing && !this._empty()) {
      draw(context, this.options.symbol, this._point, this._radius);
      if (this.options.chosen || this.options.ringed) {
        context.beginPath();
        context.arc(this._point.x, this._point.y, this._radius + (this.options.chosen ? RING.gap : 2.5), 0, 2 * Math.PI);
        context.lineWidth = this.options.chosen ? RING.width : 1.75;
        context.strokeStyle = RING.colour;
        context.stroke();
      }
    }
  },
  _updateVector() {
    const { symbol } = this.options;
    const attributes = {
      d: this._empty() ? "M0 0" : symbol.path,
      transform: `translate(${this._point.x} ${this._point.y}) scale(${this._radius})`,
      "vector-effect": "non-scaling-stroke",
    };
    for (const [name, value] of Object.entries(attributes)) this._path.setAttribute(name, value);
  },
});

/**
 * Adds the settlements that have a position. `symbols` is their symbol set, `onOpen(kato)` is called for a click,
 * `ringed(kato)` tells which ones get a ring; `vector` draws for paper.
 */
export function addMarkers(map, features, { symbols, onOpen = null, ringed = () => false, vector = false }) {
  const renderer = vector ? L.svg({ pane: "settlements" }) : L.canvas({ pane: "settlements", padding: 0.3, tolerance: 4 });
  const baseZoom = map.getBoundsZoom(mapDescription.bounds);
  const scale = () => {
    const room = Math.min(Math.max(map.getSize().x / 700, 0.7), 1);
    return Math.min(Math.max(room + GROWTH_PER_ZOOM * (map.getZoom() - baseZoom), 0.65), 2);
  };
  const markers = new Map();
  const severity = ({ properties }) => symbols.names.length - symbols.order(properties);
  // drawn later means on top: severe ones over others, small ones over large
  const order = features
    .filter(({ geometry }) => geometry)
    .sort((a, b) => severity(a) - severity(b) || (b.properties.population ?? 0) - (a.properties.population ?? 0));
  for (const feature of order) {
    const { properties } = feature;
    const symbol = symbols.get(symbols.of(properties));
    const marker = new ShapeMarker(position(feature.geometry), {
      pane: "settlements",
      renderer,
      bubblingMouseEvents: false,
      interactive: Boolean(onOpen),
      radius: symbols.radius(properties, scale()),
      weight: vector ? symbol.strokeWidth : 3,
      color: symbol.stroke,
      fillColor: symbol.fill,
      fillOpacity: 1,
      ringed: ringed(properties.kato),
      symbol,
    });
    if (onOpen) {
      marker.on("click", () => onOpen(properties.kato));
      marker.bindTooltip(() => text(nameOf(properties)), { className: "name-tip", direction: "top", offset: [0, -6] });
    }
    marker.addTo(map);
    markers.set(properties.kato, { marker, properties });
  }
  map.on("zoomend", () => {
    const now = scale();
    for (const { marker, properties } of markers.values()) marker.setRadius(symbols.radius(properties, now));
  });
  let chosen = null;
  return {
    severity: (kato) => (markers.has(kato) ? severity(markers.get(kato)) : 0),
    radius: (kato) => markers.get(kato)?.marker.getRadius() ?? 0,
    isShown: (kato) => markers.has(kato) && !markers.get(kato).marker.options.hidden,
    /** Shows only the settlements for which this is true. */
    show(matches) {
      for (const { marker, properties } of markers.values()) {
        const hidden = !matches(properties);
        if (Boolean(marker.options.hidden) === hidden) continue;
        marker.options.hidden = hidden;
        marker.redraw();
      }
    },
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

// The districts: the map's own ground, there also without any other server.
import { config } from "./config.js";
import { position } from "./data.js";
import { nameOf } from "./i18n.js";
import { L } from "./leaflet.js";

const { breaks, ramp } = config.styles;

/** The step of the ramp for a share; null where the share is not known. */
function shade(share) {
  return share === null || share === undefined ? null : ramp[breaks.filter((low) => share >= low).length];
}

/** Draws the districts, shaded by their share of residents without service, or plain; returns ways to find one. */
export function addDistricts(map, features, { shaded = true } = {}) {
  const renderer = L.svg({ pane: "districts", padding: 0.5 });
  const byCode = new Map();
  for (const feature of features) {
    const fill = shaded ? (shade(feature.properties.share_without) ?? "url(#hatch-unknown)") : "#f7f3f8";
    const style = { fillColor: fill, fillOpacity: 1, color: shaded ? "#ffffff" : "#b9aec6", weight: 1.6, lineJoin: "round" };
    const layer = L.geoJSON(feature, { pane: "districts", renderer, interactive: false, style }).addTo(map);
    byCode.set(feature.properties.kato, { feature, layer, bounds: layer.getBounds() });
  }
  return {
    all: [...byCode.values()],
    byCode: (code) => byCode.get(code),
    at: ({ lat, lng }) => [...byCode.values()].find(({ feature, bounds }) => bounds.contains([lat, lng]) && inside(feature.geometry, lng, lat)),
    /** Outlines one district, or none. */
    choose(code) {
      for (const [own, { layer }] of byCode) layer.setStyle(own === code ? { color: "#1c1530", weight: 2.5 } : { color: shaded ? "#ffffff" : "#b9aec6", weight: 1.6 });
      byCode.get(code)?.layer.bringToFront();
    },
  };
}

export function districtName(district) {
  return district ? nameOf(district.feature.properties) : "";
}

/** Where to write a district's name: its centre of area, or the middle of its widest stretch if that lies outside. */
export function labelPoint(geometry) {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  const centres = polygons.map(([ring]) => centroid(ring)).sort((a, b) => b.area - a.area);
  const { x, y } = centres[0];
  return inside(geometry, x, y) ? [y, x] : position(geometry);
}

function inside(geometry, x, y) {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return polygons.some((rings) => rings.reduce((odd, ring) => odd !== insideRing(ring, x, y), false));
}

function insideRing(ring, x, y) {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i];
    const [xj, yj] = ring[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

function centroid(ring) {
  let [area, x, y] = [0, 0, 0];
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const cross = ring[j][0] * ring[i][1] - ring[i][0] * ring[j][1];
    area += cross / 2;
    x += ((ring[j][0] + ring[i][0]) * cross) / 6;
    y += ((ring[j][1] + ring[i][1]) * cross) / 6;
  }
  return { area: Math.abs(area), x: x / area, y: y / area };
}

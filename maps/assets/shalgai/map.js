// The map: its panes, its controls, and the districts that are its basemap.
import { config, mapDescription } from "./config.js";
import { position } from "./data.js";
import { h } from "./dom.js";
import { nameOf, t } from "./i18n.js";
import { L, calm } from "./leaflet.js";
import * as state from "./state.js";

const { breaks, ramp } = config.styles;
const PANES = { districts: 300, coverage: 350, settlements: 420, labels: 430 };

/** The step of the ramp for a share; null where the share is not known. */
export function shade(share) {
  return share === null || share === undefined ? null : ramp[breaks.filter((low) => share >= low).length];
}

export function createMap(container) {
  const map = L.map(container, {
    ...mapDescription.options,
    attributionControl: false,
    zoomAnimation: !calm,
    fadeAnimation: !calm,
    maxZoom: 14,
  });
  for (const [name, level] of Object.entries(PANES)) {
    const pane = map.createPane(name);
    pane.style.zIndex = level;
    if (name !== "settlements") pane.style.pointerEvents = "none";
  }
  const home = () => fit(map, mapDescription.bounds);
  home();
  map.setMinZoom(map.getZoom() - 1);
  const [lat, lon, zoom] = (state.get("at") ?? "").split(",").map(Number);
  if (Number.isFinite(lat + lon + zoom) && zoom) map.setView([lat, lon], zoom, { animate: false });
  L.control.zoom({ zoomInTitle: t("Zoom in"), zoomOutTitle: t("Zoom out"), position: "topright" }).addTo(map);
  addHome(map, home);
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  // Leaflet focuses the map on every press; the focus ring is for the keyboard
  container.addEventListener("pointerdown", () => container.classList.add("is-pointed"), { capture: true });
  document.addEventListener("keydown", () => container.classList.remove("is-pointed"), { capture: true });
  matchMedia("print").addEventListener("change", () => {
    const shown = map.getBounds();
    map.invalidateSize({ animate: false });
    if (shown.contains(mapDescription.bounds)) home();
    else map.fitBounds(shown, { animate: false });
  });
  const remember = () => {
    const { lat: y, lng: x } = map.getCenter();
    Object.assign(container.dataset, { lat: y.toFixed(4), lon: x.toFixed(4), zoom: map.getZoom() });
  };
  remember();
  map.on("moveend", () => {
    remember();
    state.set("at", `${container.dataset.lat},${container.dataset.lon},${container.dataset.zoom}`);
  });
  return map;
}

/** Pixels that the legend takes from the map's left side. */
export function legendWidth(map) {
  const legend = document.getElementById("legend");
  const over = legend.open && getComputedStyle(legend).gridArea.startsWith("map") && map.getSize().x > 760;
  return over ? legend.getBoundingClientRect().width + 14 : 0;
}

/** Fits an extent into what the legend leaves free. */
export function fit(map, bounds) {
  map.fitBounds(bounds, { paddingTopLeft: [legendWidth(map) + 12, 12], paddingBottomRight: [20, 12], animate: false });
}

function addHome(map, home) {
  const control = L.control({ position: "topright" });
  control.onAdd = () => {
    const button = h("button", { type: "button", class: "home-button", title: t("Whole region"), "aria-label": t("Whole region") });
    L.DomEvent.disableClickPropagation(button);
    button.addEventListener("click", home);
    return h("div", { class: "leaflet-bar" }, button);
  };
  control.addTo(map);
}

/** Draws the districts; returns a way to find one by a position and one by its code. */
export function addDistricts(map, features) {
  const renderer = L.svg({ pane: "districts", padding: 0.5 });
  const byCode = new Map();
  for (const feature of features) {
    const layer = L.geoJSON(feature, {
      pane: "districts",
      renderer,
      interactive: false,
      style: {
        fillColor: shade(feature.properties.share_without) ?? "url(#hatch-unknown)",
        fillOpacity: 1,
        color: "#ffffff",
        weight: 1.6,
        lineJoin: "round",
      },
    }).addTo(map);
    byCode.set(feature.properties.kato, { feature, layer, bounds: layer.getBounds() });
  }
  return {
    all: [...byCode.values()],
    byCode: (code) => byCode.get(code),
    at: ({ lat, lng }) => [...byCode.values()].find(({ feature, bounds }) => bounds.contains([lat, lng]) && inside(feature.geometry, lng, lat)),
  };
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

/** Where to write a district's name: its centre of area, or the middle of its widest stretch if that lies outside. */
export function labelPoint(geometry) {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  const centres = polygons.map(([ring]) => centroid(ring)).sort((a, b) => b.area - a.area);
  const { x, y } = centres[0];
  return inside(geometry, x, y) ? [y, x] : position(geometry);
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

/** Puts the map so that a place stands `low` of its height below the middle, which leaves room for its card. */
export function goTo(map, [lat, lon], zoom, low) {
  const target = Math.max(map.getZoom(), zoom);
  const centre = map.project([lat, lon], target).subtract([0, map.getSize().y * low]);
  // no animation: the popup that opens next would measure against a moving map
  map.setView(map.unproject(centre, target), target, { animate: false });
}

export function districtName(district) {
  return district ? nameOf(district.feature.properties) : "";
}

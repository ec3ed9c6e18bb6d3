// The map itself: its panes, its controls, and where it stands.
import { mapDescription } from "./config.js";
import { h } from "./dom.js";
import { number, t } from "./i18n.js";
import { L, calm } from "./leaflet.js";
import * as state from "./state.js";

const PANES = { basemap: 250, districts: 300, signal: 320, coverage: 350, settlements: 420, labels: 430 };

/** A map in a container. `remembers`: its position is part of the address; `still`: a picture without controls. */
export function createMap(container, { remembers = true, still = false } = {}) {
  const map = L.map(container, {
    ...mapDescription.options,
    attributionControl: false,
    zoomAnimation: !calm,
    fadeAnimation: !calm,
    maxZoom: 14,
    ...(still ? { dragging: false, keyboard: false, scrollWheelZoom: false, doubleClickZoom: false, boxZoom: false, touchZoom: false } : {}),
  });
  for (const [name, level] of Object.entries(PANES)) {
    const pane = map.createPane(name);
    pane.style.zIndex = level;
    if (name !== "settlements") pane.style.pointerEvents = "none";
  }
  const home = () => fit(map, mapDescription.bounds);
  const stand = () => {
    const [lat, lon, zoom] = (state.get("at") ?? "").split(",").map(Number);
    if (Number.isFinite(lat + lon + zoom) && zoom) map.setView([lat, lon], zoom, { animate: false });
    else home();
  };
  home();
  map.setMinZoom(map.getZoom() - 1);
  stand();
  if (!still) {
    L.control.zoom({ zoomInTitle: t("Zoom in"), zoomOutTitle: t("Zoom out"), position: "topright" }).addTo(map);
    addHome(map, home);
    matchMedia("print").addEventListener("change", () => {
      const shown = map.getBounds();
      map.invalidateSize({ animate: false });
      if (shown.contains(mapDescription.bounds)) home();
      else map.fitBounds(shown, { animate: false });
    });
  }
  addScale(map, still ? 140 : 100);
  // Leaflet focuses the map on every press; the focus ring is for the keyboard
  container.addEventListener("pointerdown", () => container.classList.add("is-pointed"), { capture: true });
  document.addEventListener("keydown", () => container.classList.remove("is-pointed"), { capture: true });
  const note = () => {
    const { lat: y, lng: x } = map.getCenter();
    Object.assign(container.dataset, { lat: y.toFixed(4), lon: x.toFixed(4), zoom: map.getZoom() });
  };
  note();
  map.on("moveend", () => {
    note();
    if (remembers) state.set({ at: `${container.dataset.lat},${container.dataset.lon},${container.dataset.zoom}` });
  });
  return Object.assign(map, { shalgaiStand: stand });
}

/** Pixels that the legend takes from the map's left side. */
export function legendWidth(map) {
  const legend = document.getElementById("legend");
  const over = legend?.open && getComputedStyle(legend).gridArea.startsWith("map") && map.getSize().x > 760;
  return over ? legend.getBoundingClientRect().width + 14 : 0;
}

/** Fits an extent into what the legend leaves free. */
export function fit(map, bounds) {
  map.fitBounds(bounds, { paddingTopLeft: [legendWidth(map) + 12, 12], paddingBottomRight: [20, 12], animate: false });
}

/** Puts the map so that a place stands `low` of its height below the middle, which leaves room for its card. */
export function goTo(map, [lat, lon], zoom, low) {
  const target = Math.max(map.getZoom(), zoom);
  const centre = map.project([lat, lon], target).subtract([0, map.getSize().y * low]);
  // no animation: the popup that opens next would measure against a moving map
  map.setView(map.unproject(centre, target), target, { animate: false });
}

/** The scale bar, its unit in the page's language. */
function addScale(map, maxWidth) {
  const Scale = L.Control.Scale.extend({
    _updateMetric(available) {
      const metres = this._getRoundNum(available);
      const text = metres < 1000 ? `${number(metres)} ${t("m")}` : `${number(metres / 1000)} ${t("km")}`;
      this._updateScale(this._mScale, text, metres / available);
    },
  });
  new Scale({ imperial: false, position: "bottomright", maxWidth }).addTo(map);
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

// Coverage areas by technology: fetched when first switched on, drawn as hatching so that what lies beneath shows.
import { layerDescriptions } from "./config.js";
import { features } from "./data.js";
import { t } from "./i18n.js";
import { L } from "./leaflet.js";
import * as state from "./state.js";

export function addCoverage(map, say) {
  const renderer = L.svg({ pane: "coverage", padding: 0.5 });
  const boxes = new Map([...document.querySelectorAll("input[data-layer]")].map((box) => [box.dataset.layer, box]));
  const patterns = new Map([...document.querySelectorAll("pattern[data-technology]")].map((p) => [p.dataset.technology, p.id]));
  const wanted = new Set((state.get("layers") ?? "").split(","));
  for (const { element, collection, query, type } of layerDescriptions) {
    if (type !== "coverage") continue;
    const box = [...boxes.values()].find(({ dataset }) => element.endsWith(dataset.layer));
    if (!box) continue;
    let layer = null;
    const show = async () => {
      if (box.checked && !layer) {
        try {
          layer = await areas(collection, query, renderer, patterns.get(query.technology));
        } catch (error) {
          box.checked = false;
          say(t("The coverage areas could not be loaded"));
          console.warn(error);
          return;
        }
      }
      if (box.checked) layer.addTo(map);
      else layer?.remove();
      state.set("layers", [...boxes.values()].filter((b) => b.checked).map((b) => b.dataset.layer).join(","));
    };
    box.checked = wanted.has(box.dataset.layer);
    box.addEventListener("change", show);
    if (box.checked) show();
  }
}

async function areas(collection, query, renderer, pattern) {
  const found = await features(collection, query);
  const style = { stroke: false, fillColor: `url(#${pattern})`, fillOpacity: 1, fillRule: "nonzero" };
  return L.geoJSON(
    found.filter(({ geometry }) => geometry),
    { pane: "coverage", renderer, interactive: false, style },
  );
}

// Coverage areas by technology: fetched when first switched on, drawn as hatching so that what lies beneath shows.
import { layerDescriptions } from "./config.js";
import { features } from "./data.js";
import { t } from "./i18n.js";
import { addLayer } from "./layers.js";
import { L } from "./leaflet.js";
import { say } from "./notice.js";

/** Adds a switch for each technology's areas. */
export function addCoverage(map) {
  for (const [name, make] of makers()) {
    addLayer(map, name, make, {
      onError(error) {
        say(t("The coverage areas could not be loaded"));
        console.warn(error);
      },
    });
  }
}

/** Draws the areas of these layers, without switches. */
export async function drawCoverage(map, names) {
  const wanted = makers().filter(([name]) => names.includes(name));
  for (const layer of await Promise.all(wanted.map(([, make]) => make()))) layer.addTo(map);
}

/** Names of the layers and functions that fetch them. */
function makers() {
  const renderer = L.svg({ pane: "coverage", padding: 0.5 });
  const patterns = new Map([...document.querySelectorAll("pattern[data-technology]")].map((p) => [p.dataset.technology, p.id]));
  return layerDescriptions
    .filter(({ type }) => type === "coverage")
    .map(({ collection, query }) => [`coverage_${query.technology}`, () => areas(collection, query, renderer, patterns.get(query.technology))]);
}

async function areas(collection, query, renderer, pattern) {
  const found = await features(collection, query);
  const style = { stroke: false, fillColor: `url(#${pattern})`, fillOpacity: 1, fillRule: "nonzero" };
  return L.geoJSON(
    found.filter(({ geometry }) => geometry),
    { pane: "coverage", renderer, interactive: false, style },
  );
}

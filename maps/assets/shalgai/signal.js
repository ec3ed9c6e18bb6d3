// Signal level of an operator's technology: tiles of the run, with their legend while they are seen.
import { config, serviceUrl } from "./config.js";
import { t } from "./i18n.js";
import { addLayer } from "./layers.js";
import { L } from "./leaflet.js";
import { say } from "./notice.js";

/** Adds the switch, where the run has tiles. */
export function addSignal(map, legend) {
  if (!config.signal) return;
  const { path, bounds, zoom } = config.signal;
  const make = () => {
    const layer = L.tileLayer(serviceUrl("").href + path, { pane: "signal", bounds, maxNativeZoom: zoom, maxZoom: 14 });
    layer.on("loading", () => say(""));
    layer.on("tileerror", () => say(t("The signal level could not be loaded")));
    return layer;
  };
  addLayer(map, "signal", make, {
    onToggle(on) {
      legend.hidden = !on;
    },
  });
}

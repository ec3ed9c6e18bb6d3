// The online map beneath the districts, where the service's operator has named one and the reader switches it on.
import { config } from "./config.js";
import { addLayer } from "./layers.js";
import { L } from "./leaflet.js";

export function addBasemap(map) {
  if (!config.basemap) return;
  const { url, attribution } = config.basemap;
  const credit = L.control({ position: "bottomright" });
  credit.onAdd = () => {
    const line = document.createElement("p");
    line.className = "basemap-credit";
    line.textContent = attribution;
    return line;
  };
  addLayer(map, "basemap", () => L.tileLayer(url, { pane: "basemap", maxZoom: 19 }), {
    onToggle(on) {
      map.getContainer().classList.toggle("has-basemap", on);
      if (on && attribution) credit.addTo(map);
      else credit.remove();
    },
  });
}

// The overview page: fetches the run's districts and settlements and ties map, table, search and cards together.
import { layerDescriptions } from "./config.js";
import { addCoverage } from "./coverage.js";
import { features, position } from "./data.js";
import { t } from "./i18n.js";
import { addLabels } from "./labels.js";
import { L, calm } from "./leaflet.js";
import { addDistricts, createMap, districtName, fit, goTo, legendWidth } from "./map.js";
import { addSettlements } from "./markers.js";
import { districtCard, settlementCard } from "./popup.js";
import { createSearch } from "./search.js";
import * as state from "./state.js";
import { createTable } from "./table.js";

const PLACE_ZOOM = 9;
const NARROW = matchMedia("(max-width: 60rem)");
const byId = (id) => document.getElementById(id);

function say(message) {
  const notice = byId("notice");
  notice.textContent = message;
  notice.hidden = !message;
}

function collapseLegend() {
  const legend = byId("legend");
  if (!NARROW.matches && byId("map").clientHeight < 560) legend.open = false;
}

async function main() {
  state.start();
  collapseLegend();
  const map = createMap(byId("map"));
  const collection = (type) => layerDescriptions.find((layer) => layer.type === type).collection;
  const [districtFeatures, settlements] = await Promise.all([features(collection("districts")), features(collection("settlements"))]);
  const districts = addDistricts(map, districtFeatures);
  const districtOf = (p) => districtName(districts.byCode(p.district_kato));
  const byKato = new Map(settlements.map((feature) => [feature.properties.kato, feature]));
  const markers = addSettlements(map, settlements, (kato) => open(kato, { move: false }));
  addLabels(map, districts, settlements, markers);
  addCoverage(map, say);

  const dock = byId("dock");
  const popup = L.popup({ className: "card-popup", closeButton: false, maxWidth: 340, minWidth: 300, autoPanPaddingBottomRight: [52, 16] });
  let opener = null;
  let closing = false;

  function close() {
    if (closing) return;
    closing = true;
    const focused = document.activeElement;
    const returns = opener?.isConnected && (focused === document.body || focused?.closest(".place-card"));
    map.closePopup(popup);
    dock.hidden = true;
    dock.replaceChildren();
    markers.choose(null);
    table.choose(null, false);
    state.set("place", null);
    byId("map").removeAttribute("data-open");
    if (returns) opener.focus({ preventScroll: true });
    opener = null;
    closing = false;
  }
  popup.on("remove", () => dock.hidden && close());

  /** Shows a card: at the place where there is room, else docked to the map's lower edge. */
  function show(card, at, radius) {
    if (at && !NARROW.matches) {
      dock.hidden = true;
      dock.replaceChildren();
      popup.options.maxHeight = Math.max(byId("map").clientHeight - 60, 200);
      popup.options.autoPanPaddingTopLeft = [legendWidth(map) + 16, 16];
      popup.options.offset = [0, 4 - radius];
      popup.setLatLng(at).setContent(card).openOn(map);
    } else {
      dock.replaceChildren(card);
      dock.hidden = false;
      map.closePopup(popup);
    }
  }

  function open(kato, { move = true, from = null, focus = false, reveal = true } = {}) {
    const feature = byKato.get(kato);
    if (!feature) return;
    const { properties, geometry } = feature;
    const district = districts.byCode(properties.district_kato);
    const card = settlementCard(feature, districtName(district), close);
    const at = position(geometry);
    if (move && at) goTo(map, at, PLACE_ZOOM, NARROW.matches ? -0.33 : 0.3);
    else if (move && district) fit(map, district.bounds);
    show(card, at, markers.radius(kato));
    markers.choose(kato);
    table.choose(kato, reveal);
    state.set("place", kato);
    byId("map").dataset.open = kato;
    opener = from;
    if (NARROW.matches && from) byId("map").scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
    if (focus) card.focus({ preventScroll: true });
  }

  const table = createTable(
    byId("gap-table"),
    settlements.filter(({ properties }) => properties.service_class !== "served"),
    districtOf,
    (kato, from, focus) => open(kato, { from, focus, reveal: false }),
  );
  createSearch(byId("search"), byId("suggestions"), byId("search-status"), settlements, districtOf, (kato) =>
    open(kato, { from: byId("search") }),
  );
  map.on("click", ({ latlng }) => {
    const district = districts.at(latlng);
    close();
    if (district) show(districtCard(district.feature.properties, close), latlng, 0);
  });
  if (state.get("place")) open(state.get("place"), { move: !state.get("at") });
  say("");
  document.documentElement.dataset.state = "ready";
}

main().catch((error) => {
  document.documentElement.dataset.state = "failed";
  say(t("The data could not be loaded"));
  console.error(error);
});

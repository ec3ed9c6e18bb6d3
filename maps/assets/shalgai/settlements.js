// A map of settlements in which one can be opened: what the overview, the framed map and the operators' pages share.
import { collectionOf } from "./config.js";
import { NARROW, createCards } from "./cards.js";
import { addBasemap } from "./basemap.js";
import { addCoverage } from "./coverage.js";
import { features, position } from "./data.js";
import { addDistricts, districtName } from "./districts.js";
import { addLabels } from "./labels.js";
import { calm } from "./leaflet.js";
import { createMap, fit, goTo } from "./map.js";
import { addMarkers } from "./markers.js";
import { districtCard, settlementCard } from "./popup.js";
import * as state from "./state.js";

const PLACE_ZOOM = 9;
const byId = (id) => document.getElementById(id);

/**
 * Draws the page's map from the run's districts and settlements.
 *
 * `symbols` is the settlements' symbol set; `prepare(settlements)` may add to their properties before they are drawn;
 * `onChoose(feature or null, reveal)` is told which one is open.
 */
export async function createSettlementMap({ symbols, shaded = true, prepare = async () => {}, onChoose = () => {} }) {
  const legend = byId("legend");
  if (!NARROW.matches && byId("map").clientHeight < 560) legend.open = false;
  addEventListener("beforeprint", () => {
    legend.open = true;
  });
  const map = createMap(byId("map"));
  const [areas, settlements] = await Promise.all([features(collectionOf("districts")), features(collectionOf("settlements"))]);
  await prepare(settlements);
  const districts = addDistricts(map, areas, { shaded });
  const byKato = new Map(settlements.map((feature) => [feature.properties.kato, feature]));
  const markers = addMarkers(map, settlements, { symbols, onOpen: (kato) => open(kato, { move: false }) });
  const relabel = addLabels(map, districts, settlements, markers);
  addCoverage(map);
  addBasemap(map);
  const cards = createCards(map, byId("dock"), () => {
    choose(null);
    state.set({ place: null }, { push: true });
  });

  function choose(feature, reveal = false) {
    markers.choose(feature?.properties.kato ?? null);
    onChoose(feature, reveal);
    if (feature) byId("map").dataset.open = feature.properties.kato;
    else byId("map").removeAttribute("data-open");
  }

  function open(kato, { move = true, from = null, focus = false, reveal = true } = {}) {
    const feature = byKato.get(kato);
    if (!feature) return;
    // before the map moves: the entry that is left keeps its own position
    state.set({ place: kato }, { push: true });
    const district = districts.byCode(feature.properties.district_kato);
    const card = settlementCard(feature, districtName(district), cards.close);
    const at = position(feature.geometry);
    if (move && at) goTo(map, at, PLACE_ZOOM, NARROW.matches ? -0.33 : 0.3);
    else if (move && district) fit(map, district.bounds);
    cards.show(card, at, { radius: markers.radius(kato), from });
    choose(feature, reveal);
    if (NARROW.matches && from) byId("map").scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
    if (focus) card.focus({ preventScroll: true });
  }

  function openFromAddress(move) {
    const kato = state.get("place");
    if (kato) open(kato, { move });
    else cards.close();
  }

  map.on("click", ({ latlng }) => {
    const district = districts.at(latlng);
    cards.close();
    if (district) cards.show(districtCard(district.feature.properties, cards.close), latlng);
  });
  state.onReturn(() => {
    map.shalgaiStand();
    openFromAddress(false);
  });

  return {
    map,
    districts,
    settlements,
    open,
    districtOf: (properties) => districtName(districts.byCode(properties.district_kato)),
    /** Opens what the address names; to be called when the page is ready for it. */
    start: () => state.get("place") && openFromAddress(!state.get("at")),
    /** Shows only the settlements for which this is true. */
    show(matches) {
      markers.show(matches);
      relabel();
    },
    close: cards.close,
  };
}

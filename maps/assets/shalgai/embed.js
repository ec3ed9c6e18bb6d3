// The map in another site's frame. It tells that page which settlement was opened:
// {type: "shalgai:settlement", kato, name, run}. Nothing is taken from there.
import { config } from "./config.js";
import { passing } from "./filter.js";
import { nameOf } from "./i18n.js";
import { fit } from "./map.js";
import { run } from "./notice.js";
import { createSettlementMap } from "./settlements.js";
import * as state from "./state.js";
import { classes } from "./symbols.js";
import { showCounts } from "./totals.js";

/**
 * Origin of the page that holds the frame; null where there is none or the browser does not tell.
 *
 * Whoever is not among the policy's frame-ancestors cannot show this page at all, so the page that holds it is allowed;
 * naming its origin keeps the message from another page that has taken its place meanwhile.
 */
function parentOrigin() {
  if (parent === window) return null;
  const told = location.ancestorOrigins?.[0] ?? document.referrer;
  try {
    return new URL(told).origin;
  } catch {
    return null;
  }
}

const origin = parentOrigin();

function tell(feature) {
  if (!feature || !origin || origin === "null") return;
  const { kato } = feature.properties;
  parent.postMessage({ type: "shalgai:settlement", kato, name: nameOf(feature.properties), run: config.run }, origin);
}

run(async () => {
  const page = await createSettlementMap({ symbols: classes, onChoose: tell });
  const matches = passing();
  page.show(matches);
  showCounts(page.settlements.filter(({ properties }) => matches(properties)), classes);
  page.districts.choose(state.get("district"));
  const district = page.districts.byCode(state.get("district"));
  if (district && !state.get("at") && !state.get("place")) fit(page.map, district.bounds);
  page.start();
});

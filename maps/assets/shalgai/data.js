// Fetches the run's collections, page by page. Every request names the run, so that one page shows one run.
import { config, serviceUrl } from "./config.js";

const PAGE = 10000;

/** A document of the service. */
export async function fetched(path, query) {
  const response = await fetch(serviceUrl(path, query), { headers: { Accept: "application/geo+json, application/json" } });
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return response.json();
}

/** All features of a collection. */
export async function features(collection, query = {}, run = config.run) {
  const found = [];
  for (;;) {
    const page = { ...query, run, limit: PAGE, ...(found.length ? { offset: found.length } : {}) };
    const answer = await fetched(`collections/${encodeURIComponent(collection)}/items`, page);
    found.push(...answer.features);
    if (!answer.features.length || found.length >= (answer.numberMatched ?? 0)) return found;
  }
}

/** A point to put the map at for a geometry: the point itself, or the middle of its extent; null where there is none. */
export function position(geometry) {
  if (!geometry) return null;
  if (geometry.type === "Point") return [geometry.coordinates[1], geometry.coordinates[0]];
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  const visit = (part) => {
    if (typeof part[0] === "number") {
      west = Math.min(west, part[0]);
      east = Math.max(east, part[0]);
      south = Math.min(south, part[1]);
      north = Math.max(north, part[1]);
    } else part.forEach(visit);
  };
  visit(geometry.coordinates);
  return [(south + north) / 2, (west + east) / 2];
}

// Fetches the run's collections, page by page. Every request names the run, so that one page shows one run.
import { config, serviceUrl } from "./config.js";

const PAGE = 1000;

async function page(collection, query, offset) {
  const url = serviceUrl(`collections/${encodeURIComponent(collection)}/items`);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  url.searchParams.set("run", config.run);
  url.searchParams.set("limit", PAGE);
  if (offset) url.searchParams.set("offset", offset);
  const response = await fetch(url, { headers: { Accept: "application/geo+json" } });
  if (!response.ok) throw new Error(`${collection}: HTTP ${response.status}`);
  return response.json();
}

/** All features of a collection. */
export async function features(collection, query = {}) {
  const found = [];
  for (;;) {
    const answer = await page(collection, query, found.length);
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

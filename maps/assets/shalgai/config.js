// What the page's server-side part hands over: see maps/pages.py.
const block = document.getElementById("page-config");

export const config = JSON.parse(block.textContent);

/** Descriptions of the figure's elements: the map first, then its layers. */
export const [mapDescription, ...layerDescriptions] = config.figure;

/** The collection that a layer of this type draws. */
export function collectionOf(type) {
  return layerDescriptions.find((layer) => layer.type === type).collection;
}

/** Address of a resource of the service, whatever prefix the page lies under. */
export function serviceUrl(path, query = {}) {
  const url = new URL(config.root + path, document.baseURI);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  return url;
}

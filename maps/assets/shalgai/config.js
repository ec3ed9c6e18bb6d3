// What the page's server-side part hands over: see maps/overview.py.
const block = document.getElementById("page-config");

export const config = JSON.parse(block.textContent);

/** Descriptions of the figure's elements: the map first, then its layers. */
export const [mapDescription, ...layerDescriptions] = config.figure;

/** Address of a resource of the service, whatever prefix the page lies under. */
export function serviceUrl(path) {
  return new URL(config.root + path, document.baseURI);
}

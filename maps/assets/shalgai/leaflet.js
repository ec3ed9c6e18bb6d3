// The vendored Leaflet is a classic script that the page loads before its modules.
export const L = globalThis.L;

export const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

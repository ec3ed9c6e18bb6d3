// Links to what is seen as files: the same filter, the same run.
import { config, serviceUrl } from "./config.js";
import { GAPS, chosen } from "./filter.js";

export function updateDownloads(list) {
  const { service_class: wanted, ...others } = chosen();
  // the collection of gaps is ordered by rank, but leaves out what is served
  const collection = !wanted || wanted === "served" ? "settlements" : "gaps";
  const query = { ...others, ...(wanted && wanted !== GAPS ? { service_class: wanted } : {}) };
  for (const link of list.querySelectorAll("a[data-format]")) {
    link.href = serviceUrl(`collections/${collection}/items`, { f: link.dataset.format, run: config.run, limit: 10000, ...query });
  }
}

"""Read collections with QGIS, without a screen; run by Debian's Python: `qgis_reads.py URL`, prints JSON."""

import json
import sys

from qgis.core import QgsApplication, QgsFeatureRequest, QgsRectangle, QgsVectorLayer


def opened(url, name, more=""):
    layer = QgsVectorLayer(f"url='{url}/' typename='{name}' {more}", name, "OAPIF")
    if not layer.isValid():
        raise SystemExit(f"{name}: {layer.error().summary()}")
    return layer


def read(url):
    gaps = opened(url, "gaps", "pageSize='50'")
    everything = list(gaps.getFeatures())
    box = QgsRectangle(171, -19, 179, -11)
    boxed = opened(url, "gaps", "restrictToRequestBBOX='1'").getFeatures(QgsFeatureRequest(box))
    unserved = opened(url, "gaps")
    accepted = unserved.setSubsetString("service_class = 'unserved'")
    polygons = opened(url, "ne_110m_admin_0_countries")
    return {
        "crs": gaps.crs().authid(),
        "fields": [field.name() for field in gaps.fields()],
        "gaps": [feature["kato"] for feature in everything],
        "positions": sum(feature.hasGeometry() for feature in everything),
        "box": sorted(feature["kato"] for feature in boxed),
        "subset": sorted(feature["kato"] for feature in unserved.getFeatures()) if accepted else None,
        "countries": sorted(feature["NAME"] for feature in polygons.getFeatures()),
    }


if __name__ == "__main__":
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    try:
        print(json.dumps(read(sys.argv[1])))
    finally:
        application.exitQgis()

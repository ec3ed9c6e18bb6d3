"""Every page of a run, and the files that pages need."""

from api.operations import assets, comparisons, coverage_maps, overviews, places

OPERATIONS = (
    *overviews.OPERATIONS,
    *coverage_maps.OPERATIONS,
    *comparisons.OPERATIONS,
    *places.OPERATIONS,
    *assets.OPERATIONS,
)

"""How far each settlement is from what matters to it, and what stands between."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.access.classify import Access
from geo.access.distances import district_centre_km, nearest_served_km, nearest_site_km
from geo.access.inputs import Loaded
from geo.access.obstacles import Obstacles, find_obstacles
from geo.access.roads import nearest_road_km
from geo.coverage.footprints import Footprints
from geo.coverage.modelled import Modelled
from geo.tables.words import ServiceClass

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reach:
    """Distances in km of every settlement, shape (n,), and what stands between it and the nearest site."""

    nearest_served_km: Floats
    nearest_site_km: Floats
    nearest_road_km: Floats
    district_centre_km: Floats
    obstacles: Obstacles

    @classmethod
    def of(cls, loaded: Loaded, places: Footprints, access: Access, modelled: Modelled | None) -> "Reach":
        """The distances of one analysis."""
        n = len(loaded.settlements)
        served = access.service_class == ServiceClass.SERVED
        obstacles = Obstacles.none(n)
        if modelled is not None:
            obstacles = find_obstacles(modelled.cells, loaded.terrain, places, ~served, loaded.region)
        return cls(
            nearest_served_km(places, n, served),
            nearest_site_km(places, n, loaded.sites, loaded.region),
            nearest_road_km(places, n, loaded.roads, loaded.region),
            district_centre_km(places, loaded.settlements),
            obstacles,
        )

"""What is prepared from a collection once and held as long as the collection is."""

import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from api.features.collection import Collection

Prepared = TypeVar("Prepared")


class PerCollection(Generic[Prepared]):
    """Results of `make`, one for each collection; they must not refer to it.

    Runs come and go: when one is no longer served, what was prepared from its collections goes too.
    """

    def __init__(self, make: Callable[[Collection], Prepared]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._held: dict[int, tuple[weakref.ref[Collection], Prepared]] = {}

    def of(self, collection: Collection) -> Prepared:
        """What `make` makes of the collection, made now if need be."""
        key = id(collection)
        held = self._held.get(key)
        if held is None or held[0]() is not collection:
            with self._lock:
                held = self._held.get(key)
                if held is None or held[0]() is not collection:
                    held = weakref.ref(collection, lambda gone: self._forget(key, gone)), self._make(collection)
                    self._held[key] = held
        return held[1]

    def ready(self, collection: Collection) -> bool:
        """Whether it is made already."""
        held = self._held.get(id(collection))
        return held is not None and held[0]() is collection

    def _forget(self, key: int, gone: "weakref.ref[Collection]") -> None:
        held = self._held.get(key)
        # another collection may have come to live at the same address
        if held is not None and held[0] is gone:
            del self._held[key]

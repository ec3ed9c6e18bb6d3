"""What made a run: the version of the program, of its sources and of the packages that compute."""

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import geo

_PACKAGES = ("geopandas", "numpy", "pandas", "pyarrow", "pyogrio", "pyproj", "rasterio", "shapely")


@cache
def code_version() -> str:
    """Version of the library and a digest of its Python sources, e.g. ``0.1.0+3f2a91c07be4``.

    Caches, data and everything else in the package's folder leave it as it is.
    """
    return f"{geo.__version__}+{_sources_digest(Path(geo.__file__).parent)}"


def versions() -> dict[str, str]:
    """Versions of the program, Python and the packages that results depend on."""
    found = {"shalgai": geo.__version__, "code": code_version(), "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _sources_digest(package: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py"), key=lambda p: p.relative_to(package).as_posix()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:12]

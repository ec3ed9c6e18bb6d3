"""Settings that hold for every test."""

import os

from hypothesis import settings

# A shared machine is no measure of a deadline; CI repeats the same examples, so that a failure is the change's.
settings.register_profile("shalgai", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("shalgai")

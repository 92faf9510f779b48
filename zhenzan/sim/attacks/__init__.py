"""Attacks, one file each, found by name.

A file holds three presets (crude, medium, stealthy) and a play; importing this package
registers all of them in ``zhenzan.sim.order.ATTACKS``. Prices follow the measured market:
likes start within a median of four hours and come at about 900 a day, 3,000 at most; the
"minute" class of sellers delivers within minutes.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in sorted(found.name for found in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")

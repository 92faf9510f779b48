"""Honest twins, one file each: crowds that look like attacks and are not.

Importing this package registers all of them in ``zhenzan.sim.order.TWINS``. A twin writes
honest rows only; its name is kept in the labels so that harm can be told per twin.
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in sorted(found.name for found in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")

"""Data that come with the library: a synthetic country with a known truth, as surveys, lists and tables.

`names` lists them, `load` makes one, `source` says where it comes from and under which licence it may be used.
"""

from fl_estimate.datasets.catalogue import Origin as Origin
from fl_estimate.datasets.catalogue import load as load
from fl_estimate.datasets.catalogue import names as names
from fl_estimate.datasets.catalogue import source as source
from fl_estimate.datasets.clustered import ClusteredPopulation as ClusteredPopulation
from fl_estimate.datasets.clustered import clustered_population as clustered_population

__all__ = ["ClusteredPopulation", "Origin", "clustered_population", "load", "names", "source"]

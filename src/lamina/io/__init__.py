"""Files: signals in, models in and out, and results that are either whole or absent. No pickle anywhere.

The names resolve lazily: reading a signal does not load the estimators.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

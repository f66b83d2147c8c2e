"""Turn streams into predictive representations.

lamina has three parts that compose: rectified spectral units (`lamina.resu`), spike encoding, and spectral
layers. The names below resolve lazily: ``import lamina`` loads neither PyTorch nor matplotlib.
"""

import lazy_loader

from lamina._version import __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]

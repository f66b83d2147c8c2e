from . import circuits as circuits
from . import datasets as datasets
from . import encoding as encoding
from . import errors as errors
from . import experiments as experiments
from . import io as io
from . import layers as layers
from . import linalg as linalg
from . import plotting as plotting
from . import resu as resu
from . import simulate as simulate
from . import stats as stats
from . import transforms as transforms
from .io import load as load
from .io import save as save
from .resu import LocalReSU as LocalReSU
from .resu import ReSU as ReSU
from .resu import ReSUAnomaly as ReSUAnomaly
from .resu import ReSUClassifier as ReSUClassifier
from .resu import ReSUFeatures as ReSUFeatures
from .resu import ReSUForecaster as ReSUForecaster
from .resu import ReSUNetwork as ReSUNetwork
from .resu import ReSURegressor as ReSURegressor
from .resu import ReSUStream as ReSUStream
from .stats import LagMoments as LagMoments

__version__: str

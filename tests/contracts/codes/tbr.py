"""The threshold-based representation, as its definition reads."""

import itertools
import math

NAME = "tbr"
SETTINGS = [{}, {"factor": 1.5}, {"factor": 0.0, "down_spike": False}]
# changes 2, 0, -1 and 0: mean 0.25 and variance 19/16, so that the threshold is 0.25 + 0.5 * 1.0897 = 0.7949
WORKED = [
    {
        "arguments": {"factor": 0.5},
        "signal": [0.0, 2.0, 2.0, 1.0, 1.0],
        "dtype": "float32",
        "spikes": [[0, 1, 0, 0, 0], [0, 0, 0, -1, 0]],
        "decoded": [0, 0.7949, 0.7949, 0, 0],
        "decimals": 4,
    }
]
# steps of a fixed height err more again below this, whatever the signal
FINER = [{"factor": 1.4}, {"factor": 1.2}, {"factor": 1.0}]


def encode(signal, minimum, maximum, factor=0.5, down_spike=True):
    wide = [float(x) for x in signal]
    changes = [after - before for before, after in itertools.pairwise(wide)]
    mean = math.fsum(changes) / len(changes)
    deviation = math.sqrt(math.fsum((change - mean) ** 2 for change in changes) / len(changes))
    theta = signal.dtype.type(max(0.0, mean + factor * deviation))
    ups, downs = [0], [0]
    for before, x in itertools.pairwise(signal):
        ups.append(int(x - before > theta))
        downs.append(-int(down_spike and x - before < -theta))
    return [ups, downs]


# its threshold follows from the signal, which a decoder of spikes alone does not have: the unit test decodes
decode = None

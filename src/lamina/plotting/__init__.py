"""Pictures of results: data + axes → axes. Nothing here touches pyplot, or settings that others share.

Without axes, a new figure in lamina's style is made, which is ``ax.figure``. The axes of
`lamina.plotting.figure` are drawn in that style too; any other axes in the style that is in force.
"""

from lamina.plotting.anomalies import plot_surprise
from lamina.plotting.comparison import plot_comparison
from lamina.plotting.correlations import plot_canonical_correlations
from lamina.plotting.explanations import plot_explanation
from lamina.plotting.filters import plot_filter_map, plot_filters
from lamina.plotting.forecasts import plot_forecast
from lamina.plotting.frequencies import plot_frequency_response
from lamina.plotting.responses import plot_responses_by_stimulus
from lamina.plotting.saving import save_figure
from lamina.plotting.scenes import plot_movie, plot_scene
from lamina.plotting.selection import plot_selection
from lamina.plotting.selectivity import plot_selectivity
from lamina.plotting.significance import plot_significance
from lamina.plotting.spikes import plot_spikes
from lamina.plotting.style import PALETTE, figure, label_panels, style
from lamina.plotting.traces import plot_step_response, plot_traces
from lamina.plotting.tuning import plot_tuning_map
from lamina.plotting.weights import plot_weights

__all__ = [
    "PALETTE",
    "figure",
    "label_panels",
    "plot_canonical_correlations",
    "plot_comparison",
    "plot_explanation",
    "plot_filter_map",
    "plot_filters",
    "plot_forecast",
    "plot_frequency_response",
    "plot_movie",
    "plot_responses_by_stimulus",
    "plot_scene",
    "plot_selection",
    "plot_selectivity",
    "plot_significance",
    "plot_spikes",
    "plot_step_response",
    "plot_surprise",
    "plot_traces",
    "plot_tuning_map",
    "plot_weights",
    "save_figure",
    "style",
]

"""Forecasts of whole horizons at once, from the few features of the past that say most about the future."""

from lamina.resu.forecasting.forecaster import ReSUForecaster
from lamina.resu.forecasting.members import Member

__all__ = ["Member", "ReSUForecaster"]

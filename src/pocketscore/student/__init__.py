"""The student networks as they run on the device: specs, numpy forward passes, the scorer."""

from pocketscore.student.scorer import Scorer
from pocketscore.student.spec import PRESETS, ElstmSpec, PocketSpec, StudentSpec, parameters, preset

__all__ = ["PRESETS", "ElstmSpec", "PocketSpec", "Scorer", "StudentSpec", "parameters", "preset"]

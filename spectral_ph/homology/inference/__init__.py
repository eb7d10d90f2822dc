"""DIAGRAMS -> HOW SURE: which features are more than chance, whether diagrams differ, and how far one may be off."""

from spectral_ph.homology.inference.band import ConfidenceBand, confidence_band_of
from spectral_ph.homology.inference.two_sample import TwoSample, two_sample
from spectral_ph.homology.inference.universal import Significance, significance

__all__ = ["ConfidenceBand", "Significance", "TwoSample", "confidence_band_of", "significance", "two_sample"]

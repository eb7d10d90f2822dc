"""Simulated counts of cells that go round the cell cycle, with the true phase of every cell and gene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.special import i0, i1

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import BoolArray, FloatArray, IntArray, RandomState

__all__ = ["SimulatedCells", "cell_cycle"]


def __dir__() -> list[str]:
    return __all__


# Real genes and where in the cycle their expression peaks, as a fraction of the cycle that starts at division: G1 up to
# about 0.45, S up to about 0.7, then G2 and M. The order within S and within G2/M is textbook knowledge (licensing of
# replication before the supply of nucleotides, the anaphase machinery last), the exact fractions are ours. Genes of S
# and of G2/M alternate, so that a simulation with few cycling genes still has some of both.
MARKERS = {
    "PCNA": 0.50,
    "TOP2A": 0.80,
    "MCM5": 0.47,
    "CDK1": 0.82,
    "TYMS": 0.55,
    "UBE2C": 0.92,
    "MCM2": 0.48,
    "MKI67": 0.84,
    "RRM2": 0.58,
    "CCNB2": 0.88,
    "CDC6": 0.46,
    "AURKA": 0.91,
    "GINS2": 0.52,
    "NUSAP1": 0.83,
    "SLBP": 0.51,
    "CENPF": 0.86,
    "CCNE2": 0.44,
    "CDC20": 0.94,
    "UNG": 0.49,
    "BIRC5": 0.87,
    "RRM1": 0.56,
    "TPX2": 0.89,
    "MCM6": 0.48,
    "HMGB2": 0.81,
}

# Cells are drawn in blocks so that the dense means and counts of one block are all that is ever held beside the result.
BLOCK = 2048


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedCells:
    """Counts and the truth behind them.

    Attributes
    ----------
    counts : (n, g) csr_array of int64, molecules of each gene in each cell.
    gene_names : g names; those of `MARKERS` are real genes, the others are made up.
    cell_names : n names.
    phase : (n,) float64, radians in [0, 2 pi), 0 at division; NaN for cells that do not cycle.
    gene_phase : (g,) float64, radians in [0, 2 pi), the phase at which a gene's expression peaks; NaN for genes that do
        not follow the cycle, which are all of them where no cell cycles.
    cycling : (n,) bool, whether a cell is in the cycle.
    library_size : (n,) float64, depth of each cell: the expected total of a cell in which every gene has its mean
        expression, before drop-out.

    See Also
    --------
    cell_cycle

    Examples
    --------
    >>> import spectral_ph as sph
    >>> cells = sph.datasets.cells.cell_cycle(n_cells=50, n_genes=100, n_cycling_genes=40)
    >>> cells.counts.shape, cells.phase.shape
    ((50, 100), (50,))
    """

    counts: sp.csr_array
    gene_names: tuple[str, ...]
    cell_names: tuple[str, ...]
    phase: FloatArray
    gene_phase: FloatArray
    cycling: BoolArray
    library_size: FloatArray

    def __repr__(self) -> str:
        n, g = self.counts.shape
        genes = int(np.isfinite(self.gene_phase).sum())
        return (
            f"SimulatedCells({n} cells, {int(self.cycling.sum())} of them cycling; {g} genes, {genes} of them periodic)"
        )


def cell_cycle(
    n_cells: int = 1000,
    n_genes: int = 2000,
    n_cycling_genes: int = 300,
    cycling_share: float = 1.0,
    *,
    speed_unevenness: float = 0.0,
    amplitude: float = 0.8,
    depth: float = 5000.0,
    depth_spread: float = 0.4,
    dispersion: float = 0.3,
    dropout: float = 0.1,
    random_state: RandomState = 0,
) -> SimulatedCells:
    """Simulate counts of an asynchronous population of cells.

    Gene g has a share p_g of all molecules (log-normal) and, if it follows the cycle, the smooth profile
    f_g(theta) = exp(kappa_g cos(theta - phi_g)) / c_g with a peak at its phase phi_g; else f_g = 1. The constant c_g
    makes the mean of f_g over the population 1, so that the expected counts of a gene are the same at every
    `cycling_share`: with 0 there is no cycle and everything else is alike. Quiescent cells (G0) express every gene as a
    cell that has just divided, f_g(0). A count is negative binomial with mean mu = depth_i p_g f_g(theta_i) and
    variance mu + dispersion mu**2, and is then lost with probability `dropout`.

    Parameters
    ----------
    n_cells : number of cells n.
    n_genes : number of genes g.
    n_cycling_genes : how many of them follow the cycle, at most `n_genes`; the first of them are those of `MARKERS`.
        They are put into random columns.
    cycling_share : share of cells in the cycle, in [0, 1]; the others are quiescent.
    speed_unevenness : u in [0, 1]; the density of cells along the cycle is proportional to 1 + u cos(theta - pi / 2),
        so cells hurry through late S and G2 and linger in G1. 0 is an even speed.
    amplitude : mean of kappa_g, which is uniform in [0.5, 1.5] times this; 0.8 is a ratio of about 5 between peak and
        trough, 0 none.
    depth : median of the cells' library sizes, in molecules.
    depth_spread : standard deviation of the log of the library sizes.
    dispersion : of the negative binomial distribution; 0 is Poisson.
    dropout : probability that a count is lost altogether, in [0, 1).
    random_state : int, Generator or None; genes, cells, library sizes and counts draw from a stream each, so the genes
        stay the same ones when `cycling_share` changes.

    Returns
    -------
    SimulatedCells

    Raises
    ------
    InputError : on an argument outside its range.

    See Also
    --------
    SimulatedCells, spectral_ph.preprocess

    Examples
    --------
    >>> cell_cycle(100, 500, cycling_share=0.8)
    SimulatedCells(100 cells, 80 of them cycling; 500 genes, 300 of them periodic)
    """
    n = _check.positive_int(n_cells, "n_cells")
    g = _check.positive_int(n_genes, "n_genes")
    m = _check.positive_int(n_cycling_genes, "n_cycling_genes", least=0)
    if m > g:
        raise _check.InputError(
            Argument("n_cycling_genes", m),
            " is more than ",
            Argument("n_genes", g),
            ". Pass ",
            Argument("n_cycling_genes", g),
            " or fewer.",
        )
    share = _check.real(cycling_share, "cycling_share", 0.0, 1.0)
    u = _check.real(speed_unevenness, "speed_unevenness", 0.0, 1.0)
    amplitude = _check.real(amplitude, "amplitude", 0.0, 100.0)
    depth = _check.real(depth, "depth", 1.0, 1e9)
    depth_spread = _check.real(depth_spread, "depth_spread", 0.0, 10.0)
    dispersion = _check.real(dispersion, "dispersion", 0.0, 1e6)
    dropout = _check.real(dropout, "dropout", 0.0, 0.999)
    gene_rng, cell_rng, depth_rng, count_rng = _check.generator(random_state).spawn(4)

    n_cycling = round(share * n)
    cycling = np.zeros(n, dtype=np.bool_)
    cycling[cell_rng.permutation(n)[:n_cycling]] = True
    phase = np.full(n, np.nan)
    phase[cycling] = _phases(n_cycling, u, cell_rng)
    library = depth * np.exp(depth_spread * depth_rng.standard_normal(n))
    genes = _genes(g, m, amplitude, n_cycling / n, u, gene_rng)
    gene_phase = np.full(g, np.nan)
    if n_cycling:
        gene_phase[genes.columns] = genes.peak
    return SimulatedCells(
        counts=_counts(genes, np.where(cycling, phase, 0.0), library, dispersion, dropout, count_rng),
        gene_names=genes.names,
        cell_names=tuple(f"cell{i + 1:0{len(str(n))}d}" for i in range(n)),
        phase=phase,
        gene_phase=gene_phase,
        cycling=cycling,
        library_size=library,
    )


@dataclass(frozen=True, eq=False)
class _Genes:
    """The genes of one simulation: `names` and `share` (g,) of all; the others (m,) of those that follow the cycle."""

    names: tuple[str, ...]
    share: FloatArray
    columns: IntArray
    peak: FloatArray
    kappa: FloatArray
    mean_profile: FloatArray

    def expression(self, phase: FloatArray) -> FloatArray:
        """Return (b, g), the expected share of each gene in cells at the phases (b,)."""
        out = np.tile(self.share, (len(phase), 1))
        out[:, self.columns] *= np.exp(self.kappa * np.cos(phase[:, None] - self.peak)) / self.mean_profile
        return out


def _genes(g: int, m: int, amplitude: float, share: float, u: float, rng: np.random.Generator) -> _Genes:
    markers = dict(list(MARKERS.items())[:m])
    columns = rng.permutation(g)[:m]
    marked = columns[: len(markers)]
    names = [f"GENE{j + 1:0{len(str(g))}d}" for j in range(g)]
    for column, name in zip(marked, markers, strict=True):
        names[column] = name
    p = rng.lognormal(sigma=1.0, size=g)
    # A marker that is hardly expressed would mark nothing.
    p[marked] = np.maximum(p[marked], np.median(p))
    peak = rng.uniform(0, 2 * np.pi, m)
    peak[: len(markers)] = 2 * np.pi * np.array(list(markers.values()))
    kappa = amplitude * rng.uniform(0.5, 1.5, m)
    # The integral of exp(kappa cos(theta - peak)) against the density (1 + u cos(theta - pi / 2)) / 2 pi.
    mean_of_cycling = i0(kappa) + u * np.cos(peak - np.pi / 2) * i1(kappa)
    mean_profile = share * mean_of_cycling + (1 - share) * np.exp(kappa * np.cos(peak))
    return _Genes(tuple(names), p / p.sum(), columns, peak, kappa, mean_profile)


def _phases(n: int, u: float, rng: np.random.Generator) -> FloatArray:
    """Draw (n,) phases in [0, 2 pi) of density (1 + u cos(theta - pi / 2)) / 2 pi by inverting its integral."""
    grid = np.linspace(0, 2 * np.pi, 10_001)
    return np.asarray(np.interp(rng.uniform(0, 2 * np.pi, n), grid + u * (1 - np.cos(grid)), grid), dtype=np.float64)


def _counts(
    genes: _Genes,
    phase: FloatArray,
    library: FloatArray,
    dispersion: float,
    dropout: float,
    rng: np.random.Generator,
) -> sp.csr_array:
    blocks = []
    for start in range(0, len(phase), BLOCK):
        cells = slice(start, start + BLOCK)
        mean = library[cells, None] * genes.expression(phase[cells])
        if dispersion > 0:
            # A Poisson variable whose mean is gamma distributed is negative binomial.
            mean *= rng.gamma(1 / dispersion, dispersion, size=mean.shape)
        drawn = rng.poisson(mean)
        drawn[rng.uniform(size=drawn.shape) < dropout] = 0
        blocks.append(sp.csr_array(drawn, dtype=np.int64))
    return sp.csr_array(sp.vstack(blocks, format="csr"))

"""What the estimators of this layer share: how they are checked, seeded, gone on with, saved and read again."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import nn

from spectral_ph import _check
from spectral_ph._check import Argument
from spectral_ph._types import FloatArray, RandomState, Settings
from spectral_ph.nn import checkpoint as files
from spectral_ph.nn.networks import DEVICES, built, chosen_device, evaluated, torch_generator
from spectral_ph.nn.training import Callback, Record, Stage, train


class Neural(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """An estimator with a net.

    Parameters
    ----------
    random_state : seed of first weights, batches and whatever else is random. On a CPU the same seed gives the same bits at the
        same number of threads. The generators of torch and NumPy stay as they were.
    device : "auto" (the first of "cuda", "mps" and "cpu" that there is), or one of these.
    checkpoint : path of a file that is written after each epoch, and that `fit` goes on with if it is there. Settings and data
        must be those that made it. None: none is written.
    callback : function of (epoch, record), called after each epoch; True ends the stage. See
        `spectral_ph.nn.training.Callback`.

    Attributes
    ----------
    net_ : the torch module, on the CPU. No data is held beside it.
    loss_history_ : list of records, one for each epoch, ready for pandas.DataFrame.
    settings_ : dict, what was used, "warnings" among it.
    n_features_in_ : number of columns of X.
    """

    _numbers: ClassVar[tuple[str, ...]] = ()
    """Names of fitted attributes that are arrays or numbers, which a saved model holds beside the net."""
    _callables: ClassVar[tuple[str, ...]] = ()
    """Names of arguments that no file can hold where they are functions or modules."""

    random_state: RandomState
    device: str
    checkpoint: files.PathLike | None
    callback: Callback | None
    net_: nn.Module
    loss_history_: list[Record]
    settings_: Settings

    @abstractmethod
    def _make_net(self) -> nn.Module:
        """Return a net as it is after the last stage, for the arguments and what was fitted beside it."""

    @property
    @abstractmethod
    def _n_features_out(self) -> int:
        """Number of columns that `transform` gives."""

    def _check_common(self) -> None:
        _check.seed(self.random_state)
        _check.one_of(self.device, DEVICES, "device", "device")
        chosen_device(self.device)
        if self.callback is not None and not callable(self.callback):
            raise _check.InputError(
                Argument("callback"), f" must be a function of (epoch, record) or None, not {self.callback!r}."
            )
        if self.checkpoint is not None and (found := files.unfinished(self.checkpoint)) is not None:
            # Other settings are refused now, other data when all of them are there.
            asked = self._asked()
            files.same_run(self.checkpoint, found[0]["settings"] | {"data": asked["data"]}, asked)

    def _asked(self, **data: files.Array) -> Settings:
        """Return what a checkpoint must have been made with."""
        asked: Settings = {"estimator": type(self).__name__}
        for name, value in self.get_params(deep=False).items():
            if name not in ("device", "checkpoint", "callback"):
                asked[name] = _spelled(value)
        return asked | {"data": [files.digest(array) for array in data.values()]}

    def _train(self, net: nn.Module, stages: list[Stage], generator: torch.Generator, asked: Settings) -> None:
        """Run the stages, and keep what they left."""
        self.loss_history_ = train(
            net,
            stages,
            generator,
            name=type(self).__name__,
            device=chosen_device(self.device),
            checkpoint=self.checkpoint,
            settings=asked,
            callback=self.callback,
        )
        self.settings_ |= {
            "random_state": _check.seed_record(self.random_state),
            "device": chosen_device(self.device).type,
            "torch": str(torch.__version__),
            "epochs": {stage.name: sum(r["stage"] == stage.name for r in self.loss_history_) for stage in stages},
        }

    def save(self, path: files.PathLike) -> None:
        """Write the fitted model to a file of numbers and JSON, whole or not at all.

        Parameters
        ----------
        path : the file, usually .npz; one that was there is replaced.

        Raises
        ------
        NotFittedError : before `fit`. InputError : if the file cannot be written, or the path is none or a folder.
        """
        check_is_fitted(self)
        said = {
            "estimator": type(self).__name__,
            "params": {
                n: _spelled(v) for n, v in self.get_params(deep=False).items() if n not in ("callback", "checkpoint")
            },
            "settings": self.settings_,
            "history": self.loss_history_,
        }
        numbers = {f"number/{name}": np.asarray(getattr(self, name)) for name in self._numbers}
        files.write(path, said, files.packed(self.net_.state_dict(), files.TENSORS["net"]) | numbers)

    @classmethod
    def _load(cls, path: files.PathLike, given: Settings) -> Self:
        """Return the model that `save` wrote; `given` are arguments that no file can hold."""
        said, arrays = files.read(path, "a saved model")
        if said.get("estimator") != cls.__name__ or "params" not in said:
            what = f"a saved {said['estimator']}" if "params" in said else "a checkpoint, which holds an unfinished run"
            raise _check.InputError(f"{path} is {what}, not a saved {cls.__name__}. Name a file that its save wrote.")
        params = dict(said["params"])
        for name, value in params.items():
            if not isinstance(value, dict):  # how `_spelled` tells of what no file can hold
                continue
            params[name] = given.get(name)
            if name in cls._callables and params[name] is None:
                raise _check.InputError(
                    f"{path} was made with ",
                    Argument(name),
                    f" {value['object']}, which no file can hold. Pass it to load as ",
                    Argument(name),
                    ".",
                )
        model = cls(**params)
        for name in cls._numbers:
            stored = arrays[f"number/{name}"]
            setattr(model, name, stored if stored.ndim else stored.item())
        net = model._make_net()
        state = files.unpacked(arrays, files.TENSORS["net"])
        net.to(next(iter(state.values())).dtype).load_state_dict(state)
        model.net_, model.settings_, model.loss_history_ = net.eval(), said["settings"], said["history"]
        return model

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "net_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = False
        return tags


def _spelled(value: Any) -> Any:
    """Return an argument as JSON can hold it: what has no such form is told of in a dict."""
    if isinstance(value, (np.integer, np.floating)):
        return value.item()
    if isinstance(value, (tuple, list)):
        return [_spelled(v) for v in value]
    if isinstance(value, np.ndarray):
        return {"object": f"an array {files.digest(value)}"}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {"object": repr(sorted((str(k), repr(v)) for k, v in value.items()))}
    if isinstance(value, (np.random.Generator, np.random.RandomState)):
        return {"object": f"a {type(value).__name__}"}
    if isinstance(value, nn.Module):
        return {"object": repr(value)}
    name = getattr(value, "__qualname__", None)
    return {"object": f"{value.__module__}.{name}" if name else repr(value)}


class OfPoints(Neural):
    """An estimator of points: they are moved to the mean 0 and divided by one number, so that distances keep their proportions.

    Attributes
    ----------
    center_ : (d,) float64, the mean of the points.
    scale_ : root of the mean variance of the columns.
    """

    _numbers: ClassVar[tuple[str, ...]] = ("center_", "scale_", "n_features_in_")

    center_: FloatArray
    scale_: float
    n_components: int
    hidden: tuple[int, ...]

    def _read(self, X: FloatArray) -> FloatArray:
        """Return checked points in the unit of the net, and keep that unit."""
        points = _check.points(X, objects=True)
        validate_data(self, X, skip_check_array=True)  # keeps the number and the names of the columns
        _check.distinct(points)
        self.center_ = points.mean(axis=0)
        self.scale_ = float(np.sqrt(points.var(axis=0).mean()))
        return (points - self.center_) / self.scale_

    def _new(self, X: FloatArray) -> FloatArray:
        """Return checked new points in the unit of the net."""
        check_is_fitted(self)
        points = _check.points(X, least=1, objects=True)
        validate_data(self, X, reset=False, skip_check_array=True)
        return (points - self.center_) / self.scale_

    def _check_net(self) -> None:
        _check.positive_int(self.n_components, "n_components")
        if not isinstance(self.hidden, (tuple, list)):
            raise _check.InputError(
                Argument("hidden"), f" must be a tuple of the widths of the hidden layers, not {self.hidden!r}."
            )
        for width in self.hidden:
            _check.positive_int(width, "hidden")

    def _begin(self) -> tuple[nn.Module, torch.Generator]:
        """Return a new net on its device, and the generator that made it."""
        generator = torch_generator(self.random_state)
        return built(self._make_net, generator).to(chosen_device(self.device)), generator

    def _keep(self, net: nn.Module) -> None:
        # In double precision, so that a row is the same alone and in a batch.
        self.net_ = net.to("cpu", torch.float64).eval()

    def _encoder(self) -> nn.Module:
        return self.net_

    def fit_transform(self, X: FloatArray, y: object = None) -> FloatArray:
        """Fit the net and return the layout of the points; what `fit(X).transform(X)` gives.

        Parameters
        ----------
        X : (n, d) points.
        y : not used.

        Returns
        -------
        (n, n_components) float64.

        Raises
        ------
        InputError : as `fit`.
        """
        layout: FloatArray = self.fit(X).transform(X)
        return layout

    def transform(self, X: FloatArray) -> FloatArray:
        """Return the place of points in the layout, old or new ones.

        Parameters
        ----------
        X : (m, d) points.

        Returns
        -------
        (m, n_components) float64; a row is the same alone and in a batch, up to the rounding of double precision.

        Raises
        ------
        NotFittedError : before `fit`. InputError : for what are no points, such as NaN or infinity. ValueError : for other
        columns than those of `fit`.
        """
        points = self._new(X)
        return np.asarray(evaluated(self._encoder(), points))

    @property
    def _n_features_out(self) -> int:
        return int(self.n_components)

    @classmethod
    def load(cls, path: files.PathLike) -> Self:
        """Return the model that `save` wrote.

        Parameters
        ----------
        path : the file.

        Returns
        -------
        a model of this class, with the bits that were saved. Arguments that no file can hold, such as a dict of parameters for
        `fit`, are None.

        Raises
        ------
        InputError : for a file that is not there, is damaged, or holds something else.
        """
        return cls._load(path, {})

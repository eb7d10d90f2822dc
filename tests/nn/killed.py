"""Run a fit in a process of its own that kills itself, as a machine that fails would, and see that it goes on to the same bits."""

import multiprocessing
import os
import signal

MODULES = {
    "GeometricAutoencoder": "spectral_ph.nn.autoencoder",
    "ParametricEmbedding": "spectral_ph.nn.parametric",
    "TSimCNE": "spectral_ph.nn.images",
}


def doomed(name, params, X, stage, epoch):
    """Fit until the callback of an epoch kills the process."""
    import importlib

    import torch

    torch.set_num_threads(1)

    def callback(number, record):
        if record["stage"] == stage and number == epoch:
            os.kill(os.getpid(), signal.SIGKILL)

    getattr(importlib.import_module(MODULES[name]), name)(**params, callback=callback).fit(X)


def killed_fit(name, params, X, stage, epoch, folder):
    """Fit in a new process until the callback of an epoch kills it; return the path of the checkpoint it leaves.

    The kill comes before the checkpoint of that epoch is written, so that this epoch has to be run again.
    """
    path = folder / "run.npz"
    # The server imports torch once for all tests.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(MODULES.values()))
    process = context.Process(target=doomed, args=(name, params | {"checkpoint": path}, X, stage, epoch))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert path.exists()
    return path

"""What is known of decoders: areas of affine maps, of Lambert's map and of a paraboloid; the same by three ways, at any scale."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from spectral_ph.nn.geometry import jacobian, log_det, log_det_variance, outlines
from spectral_ph.nn.networks import built, perceptron, torch_generator


def points(n=50, d=2, dtype=torch.float64, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def mlp(sizes=(2, 30, 30, 8), activation="elu", seed=0):
    return built(lambda: perceptron(sizes, activation), torch_generator(seed))


def lambert(Z):
    """Lambert's azimuthal map back to the unit sphere: it keeps areas up to one factor."""
    r = (Z**2).sum(dim=1, keepdim=True)
    return torch.cat([Z * torch.sqrt(1 - r / 4), 1 - r / 2], dim=1)


def paraboloid(Z):
    return torch.cat([Z, Z[:, :1] ** 2], dim=1)


def full_jacobian(decoder, Z):
    return torch.stack([torch.autograd.functional.jacobian(lambda z: decoder(z[None])[0], z) for z in Z])


@given(seed=st.integers(0, 50), d=st.integers(1, 4), scale=st.sampled_from([1e-6, 1.0, 1e6]))
def test_an_affine_decoder_scales_all_areas_alike(seed, d, scale):
    W = scale * points(d + 3, d, seed=seed)
    Z = points(20, d, seed=seed + 1)
    _, J = jacobian(lambda Z: Z @ W.T + 1, Z)
    assert float(log_det_variance(J)) < 1e-12
    np.testing.assert_allclose(log_det(J).numpy(), np.linalg.slogdet(W.T @ W)[1], rtol=1e-7, atol=1e-7)


def test_lamberts_map_keeps_areas():
    Z = points()
    Z = 1.5 * Z / (1 + Z.norm(dim=1, keepdim=True))
    Y, J = jacobian(lambert, Z)
    np.testing.assert_allclose(Y.norm(dim=1).numpy(), 1, rtol=1e-12)
    assert float(log_det_variance(J)) < 1e-12
    np.testing.assert_allclose(log_det(J).numpy(), 0, atol=1e-12)


def test_the_area_of_a_paraboloid():
    Z = points()
    found = log_det(jacobian(paraboloid, Z)[1])
    np.testing.assert_allclose(found.numpy(), np.log(1 + 4 * Z[:, 0].numpy() ** 2), atol=1e-6)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_the_scale_of_the_decoder_changes_nothing_in_single_precision(scale):
    net = mlp()
    Z = points(125, dtype=torch.float32)
    before = float(log_det_variance(jacobian(net, Z)[1]).detach())
    with torch.no_grad():
        for parameter in net[-1].parameters():
            parameter *= scale
    after = log_det_variance(jacobian(net, Z)[1])
    assert abs(float(after.detach()) - before) < 1e-4
    after.backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters() if p.grad is not None)


@pytest.mark.parametrize("activation", ["elu", "relu", "silu", "tanh"])
def test_tangents_are_those_of_forward_mode_and_of_the_full_jacobian(activation):
    net = mlp(activation=activation).double()
    Z = points(10)
    Y, J = jacobian(net, Z)
    again, by_jvp = jacobian(lambda Z: net(Z), Z)
    np.testing.assert_allclose(Y.detach().numpy(), again.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(J.detach().numpy(), by_jvp.detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(J.detach().numpy(), full_jacobian(net, Z).numpy(), atol=1e-6)


def test_a_decoder_that_is_no_sequence_of_known_layers_goes_through_forward_mode():
    class Bent(nn.Module):
        def forward(self, Z):
            return torch.sin(Z)

    net = nn.Sequential(nn.Linear(2, 5), Bent(), nn.Linear(5, 4)).double()
    Z = points(10)
    np.testing.assert_allclose(jacobian(net, Z)[1].detach().numpy(), full_jacobian(net, Z).numpy(), atol=1e-12)


def test_the_gradient_reaches_the_encoder():
    encoder, decoder = mlp((8, 30, 2)), mlp()
    X = points(20, 8, dtype=torch.float32)
    log_det_variance(jacobian(decoder, encoder(X))[1]).backward()
    assert all(p.grad is not None and (p.grad != 0).any() for p in encoder.parameters())


def test_the_gradient_is_that_of_finite_differences():
    J = points(6, 10).reshape(6, 5, 2).requires_grad_()
    assert torch.autograd.gradcheck(log_det, (J,))


@pytest.mark.parametrize("noise", [1e-4, 1e-6, 0.0])
def test_nearly_parallel_columns_stay_finite_in_single_precision(noise):
    first = points(10, 30, dtype=torch.float32)
    second = first + noise * points(10, 30, dtype=torch.float32, seed=1)
    J = torch.stack([first, second], dim=2).requires_grad_()
    found = log_det(J)
    found.sum().backward()
    assert torch.isfinite(found).all()
    assert torch.isfinite(J.grad).all()
    if noise == 1e-4:
        np.testing.assert_allclose(found.detach(), log_det(J.detach().double()), atol=5e-3)


def test_a_decoder_that_forgets_its_input_stays_finite():
    J = torch.zeros(3, 5, 2, requires_grad=True)
    log_det(J).sum().backward()
    assert torch.isfinite(log_det(J)).all()
    assert torch.isfinite(J.grad).all()


def test_outlines_are_circles_of_the_data_space():
    J = points(4, 10).reshape(4, 5, 2).numpy()
    Z = points(4).numpy()
    found = outlines(J, Z, 0.3, 17)
    assert found.outlines.shape == (4, 17, 2)
    for at, outline, Jacobian in zip(Z, found.outlines, J, strict=True):
        np.testing.assert_allclose(np.linalg.norm((outline - at) @ Jacobian.T, axis=1), 0.3, rtol=1e-12)
    assert repr(found) == "Indicatrices(4 ellipses of radius 0.3)"


def test_without_a_radius_the_average_ellipse_fills_its_share():
    J = np.tile(np.eye(3)[:, :2], (9, 1, 1))
    Z = np.stack(np.meshgrid([0.0, 1.0, 2.0], [0.0, 1.0, 2.0]), axis=-1).reshape(9, 2)
    found = outlines(J, Z, None, 60)
    assert found.radius == pytest.approx(np.sqrt(0.25 * 4 / 9 / np.pi))

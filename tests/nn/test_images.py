"""Maps of images: the loss, views, stages, the same bits after a kill, and bad input."""

import math
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from torch import nn

import spectral_ph as sph
from spectral_ph.nn import Augmentation, TSimCNE
from spectral_ph.nn.augment import LUMA, NATURAL, ROTATION, placed, shifted_hue, warped
from spectral_ph.nn.losses import info_nce
from tests.nn.killed import killed_fit

FAST = {"epochs": (2, 2, 2), "batch_size": 16, "device": "cpu"}


def images(n=36, channels=None, seed=0, size=12):
    shape = (n, size, size) if channels is None else (n, size, size, channels)
    return np.random.default_rng(seed).uniform(size=shape)


def weights(model):
    return np.concatenate([value.detach().numpy().ravel() for value in model.net_.state_dict().values()])


def matching(sentence):
    return f"^{re.escape(sentence)}$"


def rows(b=7, d=3, seed=0):
    return torch.randn(b, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_double_loop(A, B, similarity, positive_in_denominator=True):
    """The loss by its definition."""
    b = len(A)
    Z = torch.cat([A, B]).numpy() if positive_in_denominator else None
    total = []
    if positive_in_denominator:
        for i in range(2 * b):
            s = [similarity(Z[i], Z[j]) for j in range(2 * b)]
            total.append(-math.log(s[(i + b) % (2 * b)]) + math.log(sum(s) - s[i]))
    else:
        for i in range(b):
            s = [similarity(A[i].numpy(), B[j].numpy()) for j in range(b)]
            total.append(-math.log(s[i]) + math.log(sum(s) - s[i]))
    return float(np.mean(total))


def cauchy(a, b):
    return 1 / (1 + ((a - b) ** 2).sum())


def cosine(a, b):
    return math.exp(a @ b / np.linalg.norm(a) / np.linalg.norm(b) / 0.5)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("kernel", "similarity"), [("cauchy", cauchy), ("cosine", cosine)])
@pytest.mark.parametrize("whole", [True, False])
def test_the_loss_is_the_double_loop_and_symmetric_in_the_views(seed, kernel, similarity, whole):
    A, B = rows(seed=seed), rows(seed=seed + 10)
    found = float(info_nce(A, B, kernel=kernel, positive_in_denominator=whole))
    assert found == pytest.approx(by_double_loop(A, B, similarity, whole), abs=1e-12)
    if whole:
        assert float(info_nce(B, A, kernel=kernel)) == pytest.approx(found, abs=1e-12)


def test_views_of_other_shapes_are_refused():
    sentence = "two views must be (b, d) tensors of one shape with at least 2 rows, not (7, 3) and (6, 3)."
    with pytest.raises(sph.InputError, match=matching(sentence)):
        info_nce(rows(), rows(6))


def turned(X, degrees):
    one = torch.ones(len(X), dtype=torch.float64)
    angle = torch.full_like(one, math.radians(degrees))
    return warped(
        X,
        placed(one, one, 0 * one, 0 * one, angle, X.shape[2] / X.shape[3]).to(X.dtype),
        torch.full((X.shape[1],), 0.7),
    )


@pytest.mark.parametrize("size", [12, 13])
def test_four_right_angles_are_none(size):
    X = torch.from_numpy(images(5, 2, size=size)).float().permute(0, 3, 1, 2)
    once = turned(X, 90)
    assert (once - X).abs().max() > 0.1
    np.testing.assert_allclose(once.numpy(), np.rot90(X.numpy(), -1, axes=(2, 3)), atol=1e-5)
    Y = X
    for _ in range(4):
        Y = turned(Y, 90)
    np.testing.assert_allclose(Y.numpy(), X.numpy(), atol=1e-5)


def test_corners_of_a_turned_image_have_the_fill_colour():
    X = torch.from_numpy(images(3, 2)).float().permute(0, 3, 1, 2)
    np.testing.assert_allclose(turned(X, 45)[:, :, [0, 0, -1, -1], [0, -1, 0, -1]].numpy(), 0.7, atol=1e-6)


def test_the_fill_colour_is_the_mean_of_the_border():
    X = images(6, 2)
    edge = np.ones((12, 12), dtype=bool)
    edge[1:-1, 1:-1] = False
    model = TSimCNE(**FAST | {"epochs": (1, 1, 1)}, augment="rotation").fit(X)
    fill = re.search(r"fill=\((.*?)\)", model.settings_["augment"]).group(1)
    np.testing.assert_allclose([float(c) for c in fill.split(",")], X[:, edge].mean(axis=(0, 1)), rtol=1e-12)


def test_crops_are_within_the_area_and_the_ratio_that_are_asked_for():
    X = torch.zeros(500, 1, 10, 10)
    maps = Augmentation(flip=False)._map(X, torch.Generator().manual_seed(0))
    wide, tall = maps[:, 0, 0], maps[:, 1, 1]
    assert (wide * tall).max() <= 1 + 1e-6
    assert (wide * tall).min() >= 0.2 - 0.01
    assert (wide * tall).median() == pytest.approx(0.6, abs=0.05)
    inner = (wide < 1) & (tall < 1)
    assert ((wide / tall)[inner] <= 4 / 3 + 1e-6).all()
    assert ((wide / tall)[inner] >= 3 / 4 - 1e-6).all()
    assert (maps[:, 0, 2].abs() + wide <= 1 + 1e-6).all()


@pytest.mark.parametrize("augment", [NATURAL, ROTATION])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_views_stay_in_range_and_depend_on_the_generator_alone(augment, channels):
    X = torch.from_numpy(images(8, channels)).float().permute(0, 3, 1, 2)
    before = torch.random.get_rng_state()
    one, two = (augment(X, torch.Generator().manual_seed(s)) for s in (1, 1))
    assert torch.equal(one, two)
    assert not torch.equal(one, augment(X, torch.Generator().manual_seed(2)))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert one.shape == X.shape
    assert one.min() >= 0
    assert one.max() <= 1


def test_hue_is_turned_as_the_standard_library_has_it():
    import colorsys

    X = torch.from_numpy(images(4, 3, size=3)).permute(0, 3, 1, 2)
    Y = shifted_hue(X, torch.full((4, 1, 1), 0.2, dtype=torch.float64))
    for pixel, found in zip(X.permute(0, 2, 3, 1).reshape(-1, 3), Y.permute(0, 2, 3, 1).reshape(-1, 3), strict=True):
        h, s, v = colorsys.rgb_to_hsv(*pixel.tolist())
        np.testing.assert_allclose(found, colorsys.hsv_to_rgb((h + 0.2) % 1, s, v), atol=1e-6)


def test_grey_and_negative_images():
    X = torch.from_numpy(images(5, 3)).float().permute(0, 3, 1, 2)
    plain = {"crop": (1.0, 1.0), "ratio": (1.0, 1.0), "flip": False, "jitter": 0.0}
    grey = Augmentation(**plain, grey=1.0)(X, torch.Generator())
    light = (X.numpy() * np.reshape(LUMA, (1, 3, 1, 1))).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(grey, np.tile(light, (1, 3, 1, 1)), atol=1e-5)
    negative = Augmentation(**plain, grey=0.0, invert=1.0)(X, torch.Generator())
    np.testing.assert_allclose(negative, 1 - X, atol=1e-5)


@pytest.mark.parametrize("channels", [None, 1, 3, 5])
def test_one_epoch_a_stage_keeps_the_order_of_rows(channels):
    X = images(40, channels)
    model = TSimCNE(epochs=(1, 1, 1), batch_size=16, device="cpu")
    before = torch.random.get_rng_state()
    Y = model.fit_transform(X)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert Y.shape == (40, 2)
    np.testing.assert_array_equal(model.transform(X), Y)
    order = np.random.default_rng(1).permutation(40)
    np.testing.assert_allclose(model.transform(X[order]), Y[order], atol=1e-5)
    np.testing.assert_allclose(np.concatenate([model.transform(x[None]) for x in X[:5]]), Y[:5], atol=1e-5)
    assert model.features(X).shape == (40, 96)
    assert [record["stage"] for record in model.loss_history_] == ["wide", "last layer", "all layers"]


def test_bytes_are_floats_times_255():
    X = (255 * images(20)).astype(np.uint8)
    model = TSimCNE(**FAST).fit(X)
    np.testing.assert_allclose(model.transform(X), model.transform(X / 255), atol=1e-5)


def test_only_the_last_layer_changes_in_the_second_stage():
    """By a run that ends there: the callback sees no net, so the checkpoints of two lengths of the stage are compared."""
    seen = {}

    class Watched(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Flatten(), nn.Linear(144, 6))

        def forward(self, X):
            if self.training:
                seen.setdefault(len(records), self.inner[1].weight.detach().clone())
            return self.inner(X)

    records = []
    TSimCNE(**FAST, backbone=Watched(), callback=lambda epoch, record: records.append(record)).fit(images())
    assert not torch.equal(seen[0], seen[1])
    assert torch.equal(seen[2], seen[3])
    assert torch.equal(seen[3], seen[4])
    assert not torch.equal(seen[4], seen[5])


@pytest.mark.parametrize("stage", ["wide", "last layer", "all layers"])
def test_a_killed_run_goes_on_to_the_bits_of_an_unbroken_one(tmp_path, stage):
    X = images()
    whole = TSimCNE(**FAST, augment="rotation").fit(X)
    path = killed_fit("TSimCNE", FAST | {"augment": "rotation"}, X, stage, 2, tmp_path)
    resumed = TSimCNE(**FAST, augment="rotation", checkpoint=path).fit(X)
    np.testing.assert_array_equal(weights(resumed), weights(whole))
    assert resumed.loss_history_ == whole.loss_history_


def test_the_paper_s_preset_runs_too():
    model = TSimCNE(preset="paper", epochs=(1, 1, 1), batch_size=4, device="cpu").fit(images(4, size=8))
    assert model.features(images(3, size=8)).shape == (3, 512)
    assert model.net_.hidden.out_features == 1024


def test_a_backbone_with_dropout_is_copied_and_reproducible():
    net = nn.Sequential(nn.Flatten(), nn.Linear(144, 10), nn.Dropout(0.5))
    before = net[1].weight.detach().clone()
    one, two = (TSimCNE(**FAST, backbone=net).fit(images()) for _ in range(2))
    np.testing.assert_array_equal(weights(one), weights(two))
    assert torch.equal(net[1].weight, before)


def test_saved_models_are_the_same(tmp_path):
    X, path = images(), tmp_path / "map.npz"
    model = TSimCNE(**FAST).fit(X)
    model.save(path)
    np.testing.assert_array_equal(TSimCNE.load(path).transform(X), model.transform(X))
    net = nn.Sequential(nn.Flatten(), nn.Linear(144, 10))
    model = clone(model).set_params(backbone=net).fit(X)
    model.save(path)
    np.testing.assert_array_equal(TSimCNE.load(path, backbone=net).transform(X), model.transform(X))
    sentence = f"{path} was made with backbone {net!r}, which no file can hold. Pass it to load as backbone."
    with pytest.raises(sph.InputError, match=matching(sentence)):
        TSimCNE.load(path)


def sequence(*_):
    return torch.zeros(1)


class Several(nn.Module):
    def forward(self, X):
        return X, X


class Broken(nn.Module):
    def forward(self, X):
        raise RuntimeError("of other channels")


broken = Broken()


BAD = [
    ({}, np.zeros((5, 3)), "images must be an array (n, H, W) or (n, H, W, channels), not one of the shape (5, 3). Stack images of one size by numpy.stack."),
    ({}, images(1), "images has 1 image(s), but a minimum of 2 is required."),
    ({}, np.zeros((3, 9, 9), dtype=int), "images must be uint8, or float in [0, 1], not int64. Divide by the largest value that a pixel can have."),
    ({}, 2 * np.ones((3, 9, 9)), "images of floats must lie in [0, 1], but they go from 2 to 2. Divide by the largest value that a pixel can have."),
    ({}, np.full((3, 9, 9), np.nan), "images contains NaN or infinity (first in image 0). Drop those images or fill the gaps first."),
    ({"augment": "rotations"}, images(), "augment='rotations' is not a known augmentation; did you mean 'rotation'? Known are: natural, rotation."),
    ({"preset": "fast"}, images(), "preset='fast' is not a known preset. Known are: quick, paper."),
    ({"backbone": "resnet50"}, images(), "backbone='resnet50' is not a known backbone; did you mean 'resnet18'? Known are: small, resnet18."),
    ({"epochs": 5}, images(), "epochs must be three numbers, one for each stage, or None, not 5."),
    ({"backbone": nn.Identity()}, images(), "backbone must make (b, features) of (b, 1, 12, 12) images, but it made (2, 1, 12, 12) of 2."),
    ({"augment": sequence}, images(), "augment must return images of the shape (16, 1, 12, 12), as it got them, not (1,)."),
    ({"augment": lambda X, g: [X]}, images(), "augment must return a tensor, not list."),
    ({"augment": lambda X, g: X.double()}, images(), "augment must return images of the type torch.float32 on the device cpu, as it got them, not torch.float64 on cpu."),
    ({"augment": lambda X, g: X / 0}, images(), "augment returned images that hold NaN or infinity, though it got none. Look for a division by 0 in it."),
    ({"augment": lambda X: X}, images(), "augment must be a function of (images, generator), but it takes (X). Wrap it: lambda images, generator: ..."),
    ({"augment": nn.Flatten()}, images(), "augment must be a function of (images, generator), but it takes (input: torch.Tensor) -> torch.Tensor. Wrap it: lambda images, generator: ..."),
    ({"augment": Augmentation}, images(), "augment must be an instance, not the class Augmentation. Pass Augmentation(...)."),
    ({"augment": Augmentation(turn=9.0, fill=(0.1, 0.2))}, images(channels=3), "fill has 2 numbers, but the images have 3 channel(s). Pass one number for all channels, or one for each."),
    ({"backbone": nn.Flatten}, images(), "backbone must be an instance, not the class Flatten. Pass Flatten(...)."),
    ({"backbone": broken}, images(), "backbone takes no images of the shape (b, 1, 12, 12) (of other channels). Pass one for 1 channel(s) and 12 x 12 pixels, or change the images."),
    ({"backbone": Several()}, images(), "backbone must make (b, features) of (b, 1, 12, 12) images, but it made tuple of 2."),
    ({}, np.full((5, 9, 9), 7, dtype=np.uint8), "all 5 images are the same image, so there is nothing to tell apart. Check the input."),
    ({}, images(5, 9).transpose(0, 3, 1, 2)[:, :3], "images of the shape (5, 3, 12, 12) look as if their channels came first. Pass images.transpose(0, 2, 3, 1). If they are 3 pixels high and have 12 channels, lay them on their side: images.transpose(0, 2, 1, 3)."),
]  # fmt: skip


@pytest.mark.parametrize(("params", "given", "sentence"), BAD, ids=lambda value: str(value)[:25])
def test_bad_arguments_and_images_get_a_sentence(params, given, sentence):
    with pytest.raises(sph.InputError, match=matching(sentence)):
        TSimCNE(**FAST | params).fit(given)


@pytest.mark.parametrize("backbone", [nn.Conv2d(3, 4, 3), nn.Conv2d(1, 4, 20)], ids=["channels", "size"])
def test_a_backbone_of_other_channels_or_larger_images_gets_a_sentence_with_what_torch_says(backbone):
    said = r"^backbone takes no images of the shape \(b, 1, 12, 12\) \(.+\)\. Pass one for 1 channel\(s\) and 12 x 12 pixels, "
    with pytest.raises(sph.InputError, match=said + r"or change the images\.$"):
        TSimCNE(**FAST, backbone=backbone).fit(images())


@pytest.mark.parametrize("sides", [(1, 1), (2, 5)])
@pytest.mark.parametrize("backbone", ["small", "resnet18"])
def test_the_named_backbones_take_images_of_any_size(backbone, sides):
    X = np.random.default_rng(0).uniform(size=(4, *sides))
    model = TSimCNE(epochs=(1, 1, 1), backbone=backbone, augment="rotation", device="cpu")
    assert np.isfinite(model.fit_transform(X)).all()


OUT_OF_RANGE = [
    ({"crop": 0.5}, "crop must be two numbers, 0 < smallest <= largest <= 1, not 0.5."),
    ({"crop": (0.5, 0.2)}, "crop must be two numbers, 0 < smallest <= largest <= 1, not (0.5, 0.2)."),
    ({"crop": (0.0, 1.0)}, "crop must be two numbers, 0 < smallest <= largest <= 1, not (0.0, 1.0)."),
    ({"crop": (0.5, 1.5)}, "crop must be two numbers, 0 < smallest <= largest <= 1, not (0.5, 1.5)."),
    ({"crop": ("a", "b")}, "crop must be two numbers, 0 < smallest <= largest <= 1, not ('a', 'b')."),
    ({"ratio": (2.0, 1.0)}, "ratio must be two numbers, 0 < smallest <= largest, not (2.0, 1.0)."),
    ({"ratio": (-1.0, 1.0)}, "ratio must be two numbers, 0 < smallest <= largest, not (-1.0, 1.0)."),
    ({"ratio": (1.0, math.inf)}, "ratio must be two numbers, 0 < smallest <= largest, not (1.0, inf)."),
    ({"ratio": (1.0, math.nan)}, "ratio must be two numbers, 0 < smallest <= largest, not (1.0, nan)."),
    ({"flip": 1}, "flip must be True or False, not 1."),
    ({"vertical_flip": "yes"}, "vertical_flip must be True or False, not 'yes'."),
    ({"turn": math.inf}, "turn must be between 0 and 360, not inf."),
    ({"turn": True}, "turn must be a number, not True."),
    ({"brightness": -0.1}, "brightness must be between 0 and 1, not -0.1."),
    ({"contrast": 2}, "contrast must be between 0 and 1, not 2."),
    ({"saturation": math.nan}, "saturation must be between 0 and 1, not nan."),
    ({"hue": 0.6}, "hue must be between 0 and 0.5, not 0.6."),
    ({"jitter": 1.1}, "jitter must be between 0 and 1, not 1.1."),
    ({"grey": "0.2"}, "grey must be a number, not '0.2'."),
    ({"invert": -1}, "invert must be between 0 and 1, not -1."),
    ({"fill": 0.5}, "fill must be a tuple of numbers in [0, 1], one for all channels or one for each, not 0.5."),
    ({"fill": ("red",)}, "fill must be a tuple of numbers in [0, 1], one for all channels or one for each, not ('red',)."),
    ({"fill": (0.5, 255)}, "fill must be between 0 and 1, not 255."),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "sentence"), OUT_OF_RANGE, ids=lambda value: str(value)[:25])
def test_an_augmentation_out_of_range_is_refused_where_it_is_made(arguments, sentence):
    with pytest.raises(sph.InputError, match=matching(sentence)):
        Augmentation(**arguments)


def test_what_are_no_images_for_an_augmentation_gets_a_sentence():
    X, generator = torch.zeros(2, 3, 5, 5), torch.Generator()
    floats = "images must be a (b, channels, H, W) tensor of floating numbers in [0, 1], not "
    for given, drawn, sentence in (
        (X[0], generator, f"{floats}torch.float32 of the shape (3, 5, 5)."),
        (X.byte(), generator, f"{floats}torch.uint8 of the shape (2, 3, 5, 5)."),
        (X.numpy(), generator, f"{floats}ndarray."),
        (X, None, "generator must be a torch.Generator on the CPU, not None."),
    ):
        with pytest.raises(sph.InputError, match=matching(sentence)):
            Augmentation()(given, drawn)


def test_the_fill_is_one_number_for_all_channels_or_one_for_each_and_black_without_an_estimator():
    X = torch.ones(20, 3, 6, 6)
    plain = {"crop": (1.0, 1.0), "ratio": (1.0, 1.0), "jitter": 0.0, "grey": 0.0, "turn": 45.0}
    same = [Augmentation(**plain, fill=f)(X, torch.Generator().manual_seed(0)) for f in ((0.5,), (0.5, 0.5, 0.5))]
    assert torch.equal(*same)
    black = [Augmentation(**plain, fill=f)(X, torch.Generator().manual_seed(0)) for f in ((), (0.0,))]
    assert torch.equal(*black)
    assert not torch.equal(black[0], same[0])


def test_images_of_another_size_are_refused():
    with pytest.raises(NotFittedError, match="This TSimCNE instance is not fitted yet"):
        TSimCNE().transform(images())
    model = TSimCNE(**FAST | {"epochs": (1, 1, 1)}).fit(images())
    sentence = "this net was fitted to images of 12x12x1 (height, width, channels), not 13x13x1. Resize them first."
    with pytest.raises(sph.InputError, match=matching(sentence)):
        model.transform(images(size=13))

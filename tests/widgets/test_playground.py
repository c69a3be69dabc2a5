"""The playground trains when it is told to, stops when it is told to, and shows what it does."""

import asyncio

import numpy as np
import pytest

pytest.importorskip("anywidget")
import ipywidgets

from course_nn.widgets import Note, Stage, playground
from course_nn.widgets.playground import LIMIT, Playground, points, verdict

DEFAULT = {
    "data": "xor",
    "noise": 0.1,
    "units": (4,),
    "activation": "tanh",
    "optimizer": "Adam",
    "rate": 0.03,
    "penalty": ("", 0.0),
    "batch": 10,
}


def game(**changed):
    made = Playground()
    made.restart(**DEFAULT | changed)
    return made


@pytest.fixture
def figure(monkeypatch):
    """A playground; ``figure.game`` is the network behind it."""
    made = []
    monkeypatch.setattr(playground, "STILL", 10)
    monkeypatch.setattr(playground, "Playground", lambda: made.append(Playground()) or made[0])
    figure = playground.playground()
    figure.game = made[0]
    yield figure
    figure.close()


def parts(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)


def control(figure, description):
    (found,) = [p for p in parts(figure) if getattr(p, "description", None) == description]
    return found


def press(figure, description):
    control(figure, description).click()


def shown(figure):
    (stage,) = [p for p in parts(figure) if isinstance(p, Stage)]
    return stage.png


def said(figure):
    (note,) = [p for p in parts(figure) if isinstance(p, Note)]
    return note.value


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it does not come")


def test_nothing_is_trained_before_the_reader_asks_for_it(figure):
    assert figure.game.epoch == 0
    assert "random numbers" in said(figure)


def test_start_trains_and_pause_stops(figure):
    async def use():
        press(figure, "Start")
        first = shown(figure)
        await until(lambda: figure.game.epoch >= 5)
        assert shown(figure) != first
        press(figure, "Pause")
        epoch, last = figure.game.epoch, shown(figure)
        assert f"Epoch {epoch}:" in said(figure)
        await asyncio.sleep(0.1)
        assert (figure.game.epoch, shown(figure)) == (epoch, last)
        press(figure, "Start")
        await until(lambda: figure.game.epoch > epoch)

    asyncio.run(use())


def test_pause_and_start_at_once_train_once(figure):
    async def use():
        for name in ("Start", "Pause", "Start", "Pause", "Start"):
            press(figure, name)
        await asyncio.sleep(0.05)
        assert len(figure._tasks) == 1
        press(figure, "Pause")
        await asyncio.sleep(0.05)
        assert not figure._tasks

    asyncio.run(use())


def test_a_step_is_an_epoch_and_pauses(figure):
    press(figure, "Step")
    press(figure, "Step")
    assert figure.game.epoch == 2 and len(figure.game.losses) == 3

    async def use():
        press(figure, "Start")
        await until(lambda: figure.game.epoch > 5)
        press(figure, "Step")
        epoch = figure.game.epoch
        await asyncio.sleep(0.05)
        assert figure.game.epoch == epoch
        assert control(figure, "Start")

    asyncio.run(use())


def test_start_again_begins_with_the_same_weights_and_images(figure):
    images = []
    for _ in range(2):
        press(figure, "Start again")
        images.append([shown(figure)])
        for _ in range(3):
            press(figure, "Step")
            images[-1].append(shown(figure))
    assert images[0] == images[1]
    assert len(set(images[0])) == 4


@pytest.mark.parametrize(
    "description, value",
    [
        ("data", "moons"),
        ("noise", 0.4),
        ("hidden layers", (16, 16)),
        ("hidden layers", ()),
        ("activation", "relu"),
        ("optimizer", "SGD, momentum 0.9"),
        ("optimizer", "RMSprop"),
        ("optimizer", "Adagrad"),
        ("dropout", 0.5),
        ("batch normalization", True),
        ("hidden layers", (8, 8, 8, 8)),
        ("regularization", ("l1", 0.01)),
        ("batch size", 200),
    ],
)
def test_a_change_starts_anew_and_another_network_is_trained(figure, description, value):
    press(figure, "Step")
    before = figure.game.losses[1]
    control(figure, description).value = value
    assert figure.game.epoch == 0 and len(figure.game.losses) == 1
    press(figure, "Step")
    assert figure.game.losses[1] != before


def test_training_goes_on_with_what_was_changed(figure):
    async def use():
        press(figure, "Start")
        await until(lambda: figure.game.epoch > 3)
        control(figure, "hidden layers").value = (2,)
        assert figure.game.epoch == 0
        await until(lambda: figure.game.epoch > 3)
        assert [array.shape for array in figure.game.model.get_weights()] == [
            (2, 2),
            (2,),
            (2, 1),
            (1,),
        ]
        assert len(figure._tasks) == 1

    asyncio.run(use())


def test_the_learning_rate_changes_on_the_way(figure):
    press(figure, "Step")
    control(figure, "learning rate").value = 0.3
    assert figure.game.epoch == 1
    assert figure.game.model.optimizer.learning_rate == 0.3
    press(figure, "Start again")
    assert figure.game.model.optimizer.learning_rate == 0.3


def test_closing_ends_training(figure):
    async def use():
        press(figure, "Start")
        await until(lambda: figure.game.epoch >= 2)
        figure.close()
        epoch = figure.game.epoch
        await asyncio.sleep(0.05)
        assert figure.game.epoch == epoch and not figure._tasks

    asyncio.run(use())


def test_training_comes_to_rest(figure, monkeypatch):
    monkeypatch.setattr(playground, "LIMIT", 8)

    async def use():
        press(figure, "Start")
        await until(lambda: not figure._tasks)
        assert figure.game.epoch == 8 and control(figure, "Start")

    asyncio.run(use())
    press(figure, "Step")
    assert figure.game.epoch == 8


def test_a_hidden_layer_learns_xor_and_none_does_not():
    hidden, alone = game(), game(units=())
    for one in (hidden, alone):
        one.train(40)
    assert hidden.losses[0][0] > 0.5 and max(hidden.losses[-1]) < 0.1 and hidden.right > 0.97
    assert min(alone.losses[-1]) > 0.65


@pytest.mark.parametrize(("dropout", "normalized"), [(0.0, True), (0.5, False), (0.5, True)])
def test_each_neuron_is_drawn_once_whatever_stands_between_the_layers(dropout, normalized):
    one = game(units=(4, 3), dropout=dropout, normalized=normalized)
    kinds = [type(layer).__name__ for layer in one.model.layers]
    assert kinds.count("Dropout") == (2 if dropout else 0)
    assert kinds.count("BatchNormalization") == (2 if normalized else 0)
    one.train(5)
    one.draw()
    assert np.isfinite(one.tiles.get_array().filled(np.nan)).sum() == 7 * 28**2
    assert np.allclose(one.shade.get_array().ravel(), one.model.predict(one.plane)[:, 0], atol=1e-6)


def test_four_layers_are_drawn_and_named():
    deep = game(units=(8, 8, 8, 8))
    deep.draw()
    assert [name.get_text() for name in deep.names] == [f"layer {n}" for n in (1, 2, 3, 4)]
    assert np.isfinite(deep.tiles.get_array().filled(np.nan)).sum() == 32 * 14**2


def test_deep_sigmoids_stand_still_and_learn_with_batch_normalization():
    plain, normalized = (
        game(units=(8, 8, 8, 8), activation="sigmoid", optimizer="SGD", rate=0.3, normalized=given)
        for given in (False, True)
    )
    for one in (plain, normalized):
        one.train(100)
    assert plain.losses[-1][0] > 0.65 and normalized.losses[-1][0] < 0.2


def test_the_losses_are_without_the_penalty():
    free, bound = game(), game(penalty=("l2", 0.1))
    assert free.losses == bound.losses  # the same weights
    free.train(20), bound.train(20)
    w_free, w_bound = (np.abs(one.model.get_weights()[0]).sum() for one in (free, bound))
    assert w_bound < w_free


def test_training_ends_with_its_time():
    slow = game()
    slow.train(1000, seconds=0.0)
    assert slow.epoch == 1


def test_too_long_steps_are_told_and_end_the_training():
    wild = game(optimizer="SGD", rate=3.0, activation="linear", penalty=("l2", 10.0))
    wild.train(400)
    assert not wild.finite and wild.epoch < 400
    wild.draw()
    wild.drawing.png()
    assert "not a number" in verdict(wild)
    epoch = wild.epoch
    wild.train(1)
    assert wild.epoch == epoch


def test_what_it_says_of_gaps_and_of_what_it_cannot_learn():
    one = game()
    one.epoch, one.losses = 200, [(0.05, 0.4)]
    assert "0.05 on the training points, 0.40 on the test points" in verdict(one)
    assert "by heart" in verdict(one)
    one.losses = [(0.5, 0.5)]
    assert "more neurons" in verdict(one)
    one.losses = [(0.05, 0.06)]
    assert "by heart" not in verdict(one) and "more neurons" not in verdict(one)


@pytest.mark.parametrize("name", ["xor", "moons", "spirals"])
def test_the_points_fill_the_plane_and_those_of_the_test_are_others(name):
    x, y = points(name, 0.1, 0)
    assert x.shape == (200, 2) and set(y) == {0, 1}
    assert 1.2 < np.abs(x).max() < 2.5 and np.abs(x.mean(axis=0)).max() < 0.3
    assert not np.array_equal(x, points(name, 0.1, 1)[0])


def test_the_picture_shows_the_answer_its_boundary_and_each_neuron():
    one = game(units=(2, 3))
    one.train(20)
    one.draw()
    x, y = one.boundary.get_data()
    on_line = np.stack([x, y], axis=1)[np.isfinite(x)]
    assert np.abs(one.model.predict(on_line) - 0.5).max() < 0.1
    inside = on_line[0]
    shade = one.shade.get_array()
    assert shade.shape == (56, 56) and shade.min() < 0.5 < shade.max() and len(inside) == 2
    assert [name.get_text() for name in one.names] == ["layer 1", "layer 2", "", ""]
    tiles = np.isfinite(one.tiles.get_array().filled(np.nan)).sum()
    assert tiles == 5 * 28**2
    assert f"Epoch {one.epoch}:" in one.told.get_text()


def test_the_epoch_axis_grows():
    one = game()
    one.train(101)
    one.draw()
    assert one.loss_axes.get_xlim()[1] == 200
    assert LIMIT >= 200


def test_without_a_kernel_there_is_a_trained_network_to_see(figure):
    data, _ = figure._repr_mimebundle_()
    assert data["image/png"] != shown(figure) and data["image/png"].startswith(b"\x89PNG")
    assert "small network" in data["text/plain"]
    assert isinstance(figure, ipywidgets.VBox)

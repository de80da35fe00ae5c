"""A search finds what keeps the margin, survives being killed, and mixes no studies."""

import optuna
import pytest

from spiking import Population
from spiking.errors import ConfigError
from subspike import Question, search
from subspike.search import METRICS, TARGETS, Found
from tests.subspike.trained import digits, rate_model

search_module = __import__("importlib").import_module("subspike.search")


def question(forget="fixed", **words) -> Question:
    return Question(rate_model(forget), digits(), **({"samples": 80} | words))


def looked(folder, asked=None, **words) -> Found:
    given = {"storage": folder / "s.db", "trials": 8, "progress": False, "margin": 0.05}
    return search(question() if asked is None else asked, **(given | words))


@pytest.mark.parametrize("forget", ["fixed", "gated"])
def test_the_best_is_the_cheapest_within_the_margin(forget, tmp_path) -> None:
    found = looked(tmp_path, question(forget), trials=12)
    within = [each for each in found.trials if each.lost <= 0.05]
    assert found.best.cost == min(each.cost for each in within)
    costs, lost = ([getattr(t, name) for t in found.front] for name in ("cost", "lost"))
    assert costs == sorted(costs)
    assert lost == sorted(lost, reverse=True)
    assert all((each.forget is None) == (forget == "fixed") for each in found.trials)
    for each in found.trials:
        assert any(f.cost <= each.cost and f.lost <= each.lost for f in found.front)


def test_a_killed_search_loses_no_finished_trial_and_goes_on(tmp_path, monkeypatch) -> None:
    real, calls = search_module._measured, []

    def killed(*given):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(search_module, "_measured", killed)
    with pytest.raises(KeyboardInterrupt):
        looked(tmp_path)
    kept = optuna.load_study(study_name="subspike", storage=f"sqlite:///{tmp_path}/s.db")
    done = [t for t in kept.trials if t.state == optuna.trial.TrialState.COMPLETE]
    assert len(done) >= 3
    monkeypatch.setattr(search_module, "_measured", real)
    found = looked(tmp_path)
    assert len(found.trials) == 8
    assert [each.cost for each in found.trials[: len(done)]] == [t.values[1] for t in done]
    monkeypatch.setattr(search_module, "_measured", lambda *_: pytest.fail("nothing is left"))
    assert looked(tmp_path).trials == found.trials


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_metrics_are_counted(metric, tmp_path) -> None:
    found = looked(tmp_path, question(metric=metric), trials=4)
    assert all(each.cost > 0 for each in found.trials)


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_a_target_bounds_the_codes(target, tmp_path) -> None:
    names = {
        type(each.code).__name__.lower()
        for each in looked(tmp_path, question(target=target)).trials
    }
    assert names <= set(TARGETS[target])
    if target == "portable":
        assert names == {Population.__name__.lower()}


def test_another_model_or_question_is_refused(tmp_path) -> None:
    looked(tmp_path, trials=1)
    with pytest.raises(ConfigError, match="another model"):
        looked(tmp_path, question("gated"))
    with pytest.raises(ConfigError, match="another metric and samples"):
        looked(tmp_path, question(metric="spikes", samples=40))


def test_a_study_of_somebody_else_is_left_alone(tmp_path) -> None:
    other = optuna.create_study(
        study_name="subspike",
        storage=f"sqlite:///{tmp_path}/s.db",
        directions=["minimize", "minimize"],
    )
    other.optimize(lambda trial: (trial.suggest_float("x", 0, 1), 1.0), n_trials=1)
    with pytest.raises(ConfigError, match="not one of ours"):
        looked(tmp_path)


def test_bad_questions_are_named(tmp_path) -> None:
    for words in ({"target": "moon"}, {"metric": "beauty"}, {"samples": 0}, {"samples": 10**6}):
        with pytest.raises(ConfigError):
            question(**words)
    with pytest.raises(ConfigError, match="distil"):
        question("gated", target="portable")
    for words in ({"margin": -1.0}, {"trials": 0}):
        with pytest.raises(ConfigError):
            looked(tmp_path, **words)
    with pytest.raises(ConfigError, match="no study can be kept"):
        looked(tmp_path / "no" / "such" / "folder")

"""Runs inside the environment of Open Bandit Pipeline: its estimates, its times, and the arrays that it had.

python evaluate_obp.py synthetic FOLDER RUNS     # its own synthetic data, one .npz per run
python evaluate_obp.py log FILE.npz RESAMPLES    # estimates on a given log, as JSON with seconds
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from obp.dataset import SyntheticBanditDataset, logistic_reward_function
from obp.ope import (
    DirectMethod,
    DoublyRobust,
    DoublyRobustWithShrinkage,
    InverseProbabilityWeighting,
    RegressionModel,
    SelfNormalizedDoublyRobust,
    SelfNormalizedInverseProbabilityWeighting,
    SwitchDoublyRobust,
)
from obp.policy import IPWLearner
from sklearn.linear_model import LogisticRegression

ROUNDS, ACTIONS, CONTEXT, SEED = 10_000, 30, 5, 12_345
MODEL_FREE = {
    "ips": InverseProbabilityWeighting(),
    "clipped_ips": InverseProbabilityWeighting(lambda_=3.0),
    "snips": SelfNormalizedInverseProbabilityWeighting(),
}
MODELLED = {
    "dm": DirectMethod(),
    "dr": DoublyRobust(),
    "sndr": SelfNormalizedDoublyRobust(),
    "switch_dr": SwitchDoublyRobust(lambda_=3.0),
    "dros": DoublyRobustWithShrinkage(lambda_=10.0),
}


def synthetic(folder: Path, runs: int) -> None:
    """What the published table of the package was made of: logistic rewards, an IPW learner, 3-fold regression."""
    for run in range(runs):
        data = SyntheticBanditDataset(
            n_actions=ACTIONS, dim_context=CONTEXT, reward_function=logistic_reward_function, random_state=run
        )
        train, test = (data.obtain_batch_bandit_feedback(n_rounds=ROUNDS) for _ in range(2))
        model = LogisticRegression(max_iter=10_000, C=1_000, random_state=SEED)
        learner = IPWLearner(n_actions=ACTIONS, base_classifier=model)
        learner.fit(**{name: train[name] for name in ("context", "action", "reward", "pscore")})
        chance = learner.predict_proba(context=test["context"])
        regression = RegressionModel(
            n_actions=ACTIONS,
            action_context=data.action_context,
            base_model=LogisticRegression(max_iter=10_000, C=1_000, random_state=SEED),
        )
        observed = {name: test[name] for name in ("context", "action", "reward")}
        expected = regression.fit_predict(**observed, n_folds=3, random_state=SEED)
        truth = data.calc_ground_truth_policy_value(expected_reward=test["expected_reward"], action_dist=chance)
        log = {"reward": test["reward"], "action": test["action"], "pscore": test["pscore"]}
        arrays = {**log, "chance": chance[:, :, 0], "expected": expected[:, :, 0], "truth": truth}
        found = estimates(log | {"action_dist": chance}, expected)
        np.savez(folder / f"{run}.npz", **arrays, **{f"obp_{name}": value for name, value in found.items()})


def estimates(given: dict[str, np.ndarray], expected: np.ndarray) -> dict[str, float]:
    """By every estimator."""
    found = {name: each.estimate_policy_value(**given) for name, each in MODEL_FREE.items()}
    model = given | {"estimated_rewards_by_reg_model": expected}
    return found | {name: each.estimate_policy_value(**model) for name, each in MODELLED.items()}


def log(file: Path, resamples: int) -> None:
    """Expand a log of (stratum, action, reward, propensity) as the package wants it; estimates, then intervals."""
    data = np.load(file)
    stratum, rows = data["stratum"], len(data["reward"])
    began = time.perf_counter()
    chance = np.ascontiguousarray(data["chance"][stratum])[:, :, None]
    expected = np.ascontiguousarray(data["expected"][stratum])[:, :, None]
    given = {"reward": data["reward"], "action": data["action"], "pscore": data["propensity"], "action_dist": chance}
    given |= {"position": np.zeros(rows, np.int64)}
    found = estimates(given, expected)
    estimated = time.perf_counter() - began
    model = given | {"estimated_rewards_by_reg_model": expected}
    for group, words in ((MODEL_FREE, given), (MODELLED, model)):
        for each in group.values():
            each.estimate_interval(**words, alpha=0.05, n_bootstrap_samples=resamples, random_state=SEED)
    seconds = {"estimates": estimated, "intervals": time.perf_counter() - began - estimated}
    print(json.dumps({"estimates": {k: float(v) for k, v in found.items()}, "seconds": seconds}))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    if sys.argv[1] == "synthetic":
        synthetic(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        log(Path(sys.argv[2]), int(sys.argv[3]))

"""A small study with known effects, in the shape of the exported long table."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

METHODS = {"grad-cam": 1.2, "ig": 0.0, "lime": 0.1, "random-map": -2.0}
FAITHFULNESS = {"grad-cam": 0.2, "ig": 0.6, "lime": 0.25, "random-map": 0.0}


def usefulness_table(readers: int = 12, cases: int = 16, seed: int = 0) -> pd.DataFrame:
    """Coverage and extraneous on five points: grad-cam is liked, ig is faithful, random-map neither."""
    random = np.random.default_rng(seed)
    rows = []
    reader_effect, case_effect = random.normal(0, 0.7, readers), random.normal(0, 0.8, cases)
    fidelity = {
        (case, method): value + 0.08 * random.normal()
        for case in range(cases)
        for method, value in FAITHFULNESS.items()
    }
    for reader in range(readers):
        for case in range(cases):
            for method, effect in METHODS.items():
                eta = effect + reader_effect[reader] + case_effect[case]
                for question in ("coverage", "extraneous"):
                    score = int(np.digitize(eta + random.logistic(), [-2.5, -0.8, 0.8, 2.5])) + 1
                    answer = score if question == "coverage" else 6 - score
                    rows.append(
                        {
                            "study": "demo",
                            "run_kind": "live",
                            "reader": f"r{reader:02d}",
                            "case": f"c{case:02d}",
                            "task": "usefulness",
                            "occurrence": 1,
                            "method": method,
                            "control": method == "random-map",
                            "question": question,
                            "answer": answer,
                            "score": float(score),
                            "ai_correct": case % 4 != 0,
                            "excluded_by": "",
                            "metric.deletion": 1.0 - fidelity[case, method],
                            "metric.srg": fidelity[case, method],
                            "seconds_to_explain": 0.5 if method == "grad-cam" else 2.0,
                        }
                    )
    return pd.DataFrame(rows)


def preference_table(readers: int = 12, pairs: int = 30, seed: int = 0) -> pd.DataFrame:
    """Pairs of maps, shown in either order: grad-cam is preferred, the first place a little too."""
    random = np.random.default_rng(seed)
    names = list(METHODS)
    rows = []
    for reader in range(readers):
        for trial in range(pairs):
            left, right = random.choice(4, 2, replace=False)
            a, b = 0.8 * METHODS[names[left]] + 0.2, 0.8 * METHODS[names[right]]
            weights = np.exp([a, b, np.log(0.5) + (a + b) / 2])
            answer = random.choice(["first", "second", "tie"], p=weights / weights.sum())
            row = {"reader": f"r{reader:02d}", "case": f"c{trial % 10}", "task": "preference", "question": "choice"}
            method = {"method": names[left], "method_b": names[right], "control": names[left] == "random-map"}
            rows.append({**row, **method, "trial": trial, "answer": answer, "score": np.nan, "excluded_by": ""})
    return pd.DataFrame(rows)


def ranking_table(readers: int = 12, cases: int = 10, seed: int = 0) -> pd.DataFrame:
    """Three of the four maps put in an order, as Plackett and Luce's model has it: grad-cam mostly first."""
    random = np.random.default_rng(seed)
    names = np.array(list(METHODS))
    rows = []
    for reader in range(readers):
        for case in range(cases):
            shown = random.choice(4, 3, replace=False)
            noise = random.gumbel(size=3)
            order = np.argsort(-(np.array([0.8 * METHODS[name] for name in names[shown]]) + noise))
            for place, which in enumerate(order, start=1):
                method = names[shown][which]
                row = {"reader": f"r{reader:02d}", "case": f"c{case:02d}", "task": "ranking", "question": "rank"}
                more = {"method": method, "control": method == "random-map", "answer": place, "excluded_by": ""}
                rows.append({**row, **more, "trial": 100 * reader + case, "score": np.nan})
    return pd.DataFrame(rows)


def diagnosis_table(readers: int = 12, cases: int = 24, seed: int = 0) -> pd.DataFrame:
    """Decisions with probabilities: with maps (`ai+xai`) readers follow the advice more often, right or wrong.

    Every other pair of cases is healthy; the maps of every other four are faithful (`metric.srg` 0.6 against 0.2).
    """
    random = np.random.default_rng(seed)
    rows = []
    for reader in range(readers):
        for case in range(cases):
            arm = ("ai", "ai+xai")[(reader + case) % 2]
            truth = case // 2 % 2
            advice = truth if random.random() < 0.75 else 1 - truth
            initial = truth if random.random() < 0.65 else 1 - truth
            final = advice if random.random() < {"ai": 0.3, "ai+xai": 0.8}[arm] else initial
            answers = {name: 100 * value * 0.6 + 20 for name, value in (("initial", initial), ("final", final))}
            row = {"reader": f"r{reader:02d}", "case": f"d{case:02d}", "task": "diagnosis", "question": "decision"}
            more = {"truth": truth, "advice": advice, "ai_correct": truth == advice, "arm": arm, "excluded_by": ""}
            rows.append({**row, **more, **answers, "method": "grad-cam", "score": np.nan, "answer": answers["final"]})
            rows[-1]["metric.srg"] = 0.6 if case // 4 % 2 else 0.2
    return pd.DataFrame(rows)


def questionnaire_table(readers: int = 12, seed: int = 0) -> pd.DataFrame:
    """Answers to two instruments by readers who differ in how much they like the system."""
    random = np.random.default_rng(seed)
    rows = []
    for reader in range(readers):
        liking = random.normal()
        for slug, items, high, turned in (("sus", 10, 5, (2, 4, 6, 8, 10)), ("toast", 9, 7, ())):
            for item in range(1, items + 1):
                value = int(np.clip(np.round((1 + high) / 2 + liking + 0.6 * random.normal()), 1, high))
                score = 1 + high - value if item in turned else value
                row = {"reader": f"r{reader:02d}", "task": "questionnaire", "instrument": slug, "item": item}
                rows.append({**row, "score": float(score), "excluded_by": ""})
    return pd.DataFrame(rows)


def blinding_table(readers: int = 12, cases: int = 6, seed: int = 0) -> pd.DataFrame:
    """Guesses of the technique: cam is known more often than by chance, the others are not."""
    rng = np.random.default_rng(seed)
    names = ["cam", "shap", "random"]
    rows = []
    for reader in range(readers):
        for case in range(cases):
            for name in names:
                known = name == "cam" and rng.random() < 0.7
                said = name if known else str(rng.choice([*names, "unknown"]))
                row = {
                    "reader": f"r{reader:02d}",
                    "case": f"b{case}",
                    "task": "blinding-check",
                    "question": "technique",
                }
                rows.append({**row, "method": name, "technique": name, "answer": said})
    return pd.DataFrame(rows)


def judging_table(readers: int = 12, cases: int = 24, seed: int = 0) -> pd.DataFrame:
    """Answers about the AI: with grad-cam readers detect its errors and foretell it, with random-map they guess."""
    random = np.random.default_rng(seed)
    rows = []
    for reader in range(readers):
        for case in range(cases):
            method = ("grad-cam", "random-map")[(reader + case) % 2]
            skilled = method == "grad-cam"
            shared = {"reader": f"r{reader:02d}", "case": f"c{case:02d}", "method": method, "excluded_by": ""}
            right = case % 3 != 0
            lean = (0.9 if right else -0.9) * skilled + random.normal()
            score = int(np.digitize(lean, [-0.7, 0.0, 0.7])) + 1
            rows.append(
                shared | {"task": "error-detection", "question": "ai_right", "ai_correct": right, "score": score}
            )
            for task, chance in (("forward-simulation", 0.5), ("counterfactual-simulation", 1 / 3)):
                correct = bool(random.random() < (chance + 0.35 if skilled else chance))
                told = {"task": task, "question": "foretold", "correct": correct, "chance": chance, "answer": 1}
                rows.append(shared | told | {"score": float(correct), "answer.brier": 0.1 if correct else 0.4})
    return pd.DataFrame(rows)


def annotation_table(readers: int = 12, cases: int = 10, seed: int = 0) -> pd.DataFrame:
    """Outlines that lie well on the truth, a little less on the others', and on grad-cam's maps more than on lime's."""
    random = np.random.default_rng(seed)
    rows = []
    for reader in range(readers):
        for case in range(cases):
            method = ("grad-cam", "lime")[(reader + case) % 2]
            row = {"reader": f"r{reader:02d}", "case": f"c{case:02d}", "task": "annotation", "question": "region"}
            near = {"answer.iou": 0.7, "answer.others-iou": 0.6, "answer.map-iou": 0.4 if method == "grad-cam" else 0.1}
            noisy = {name: value + 0.05 * random.normal() for name, value in near.items()}
            rows.append({**row, **noisy, "method": method, "answer": "[]", "score": np.nan, "excluded_by": ""})
    return pd.DataFrame(rows)


def reasons_table(readers: int = 12, cases: int = 10, seed: int = 0) -> pd.DataFrame:
    """Lime is too diffuse half of the time, and then looks like an artefact as well; nothing is wrong with grad-cam."""
    random = np.random.default_rng(seed)
    rows = []
    for reader in range(readers):
        for case in range(cases):
            method = ("grad-cam", "lime")[(reader + case) % 2]
            bad = method == "lime" and random.random() < 0.5
            row = {"reader": f"r{reader:02d}", "case": f"c{case:02d}", "task": "reason-codes", "method": method}
            more = {"trial": case, "score": np.nan, "excluded_by": ""}
            rows.append({**row, **more, "question": "verdict", "answer": "something" if bad else "nothing"})
            if bad:
                rows.append({**row, **more, "question": "reasons", "answer": json.dumps(["diffuse", "artefact"])})
    return pd.DataFrame(rows)


def reviews_table(readers: int = 12, cases: int = 10, seed: int = 0) -> pd.DataFrame:
    """Errors are missed with grad-cam half of the time, never with lime; a planted feature likewise the other way."""
    random = np.random.default_rng(seed)
    rows = []
    for reader in range(readers):
        for case in range(cases):
            method = ("grad-cam", "lime")[(reader + case) % 2]
            missed = float(method == "grad-cam" and random.random() < 0.5)
            row = {"reader": f"r{reader:02d}", "case": f"c{case:02d}", "method": method, "score": np.nan}
            row |= {"excluded_by": "", "answer": "yes"}
            review = {"task": "segmentation-review", "question": "verdict", "answer.missed-error": missed}
            rows.append({**row, **review, "answer.model-dice": 0.5, "answer.gain": 0.2 * (1 - missed)})
            rows.append({**row, "task": "shortcut", "question": "suspected", "answer.detected": 1 - missed})
    return pd.DataFrame(rows)


def action_table() -> pd.DataFrame:
    """What is liked is acted on."""
    rated = usefulness_table()
    return rated[rated["question"] == "coverage"].assign(task="action", question="act")


def whole_table() -> pd.DataFrame:
    """All tasks in one long table."""
    parts = [usefulness_table(), preference_table(), diagnosis_table(), questionnaire_table(), ranking_table()]
    parts += [annotation_table(), reasons_table(), action_table(), reviews_table()]
    return pd.concat([*parts, blinding_table(), judging_table()], ignore_index=True)

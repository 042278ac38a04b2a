#!/usr/bin/env python3
"""Tree ensembles and linear models against onnxruntime, on every row of real data.

    trees.py PATH/TO/vouch [DATA]

Exits 77, saying why, where onnxruntime, onnx or the data are missing. VOUCH_PYTHON names another
Python that has them, VOUCH_DATA another folder of data.

onnxruntime (1.32) reads two-class ensembles of one particular form only: one class scored, under
the number 0. Given both classes it answers 1 whenever class 1 has any weight, and given number 1
it forgets the base value. Its *scores* are right in the first case, and in both cases the same
ensemble written in its own form is read as the standard says. So labels are compared against that
form (`in_its_form`), and the model as it stands is compared against the outputs recorded with it.
"""
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SKIP = 77
SCORES = 1e-3  # the largest difference of a score


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as missing:
    other = os.environ.pop("VOUCH_PYTHON", None)
    if not other:
        skip(f"{missing}; install numpy, onnx and onnxruntime, or set VOUCH_PYTHON")
    os.execv(other, [other, *sys.argv])

VOUCH = pathlib.Path(sys.argv[1]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(sys.argv[2] if len(sys.argv) > 2
                    else os.environ.get("VOUCH_DATA", ROOT / "../shared/data"))
FOLDER = tempfile.TemporaryDirectory(prefix="vouch-trees-")
WORK = pathlib.Path(FOLDER.name)
failures = []


def vouch(*arguments):
    done = subprocess.run([VOUCH, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"vouch {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")
    return done.stdout


def say(ok, text):
    print(("ok      " if ok else "NOT OK  ") + text, flush=True)
    if not ok:
        failures.append(text)


class Model:
    """An imported model, with its outputs by name."""

    def __init__(self, path, *options):
        self.package = WORK / f"{pathlib.Path(path).stem}.vouch"
        vouch("import", path, "--output", self.package, "--key", WORK / "owner.key", *options)

    def run(self, rows, port):
        results = []
        for first in range(0, len(rows), 4096):  # the largest batch
            np.save(WORK / "in.npy", rows[first:first + 4096].astype(np.float32))
            vouch("run", self.package, "--input", WORK / "in.npy", "--output", WORK / "out.npy",
                  "--port", port)
            count = len(rows[first:first + 4096])
            results.append(np.load(WORK / "out.npy").reshape(count, -1))
        return np.concatenate(results)


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def in_its_form(model):
    """A two-class ensemble as onnxruntime reads it by the standard: one class scored, number 0."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    for node in model.graph.node:
        if node.op_type != "TreeEnsembleClassifier":
            continue
        lists = attributes(node)
        if len(lists.get("classlabels_int64s", [])) != 2:
            continue
        keep = [i for i, c in enumerate(lists["class_ids"])
                if c == 1 or 1 not in lists["class_ids"]]
        for name in ("class_ids", "class_nodeids", "class_treeids", "class_weights"):
            lists[name] = [lists[name][i] for i in keep]
        lists["class_ids"] = [0] * len(keep)
        del node.attribute[:]
        node.attribute.extend(onnx.helper.make_attribute(n, v) for n, v in lists.items())
    return model


def runtime(model, rows):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # with more, sums depend on how trees fall to threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run(None, {session.get_inputs()[0].name: rows.astype(np.float32)})


def compare(name, path, rows, ties=False, label="label", scores="probabilities"):
    """Every row: the same class, and scores within the limit. With `ties`, which random rows have,
    a class may differ where the two largest scores differ by no more than float32's own error."""
    ours = Model(path)
    got, got_scores = ours.run(rows, label)[:, 0], ours.run(rows, scores)
    want, want_scores = runtime(in_its_form(onnx.load(path)), rows)
    worst = float(np.abs(got_scores - want_scores).max())
    largest = np.sort(want_scores, axis=1)
    tied = largest[:, -1] - largest[:, -2] < 1e-6
    same, even = int((got == want).sum()), int(((got != want) & tied).sum()) if ties else 0
    say(same + even == len(rows) and worst < SCORES,
        f"{name}: same class on {same} of {len(rows)} rows, scores within {worst:.1e}"
        + (f", {even} of {int(tied.sum())} even votes differ" if even else ""))
    return ours


def number(text):
    return float(text[1:] if text.startswith("A") else text)  # german.csv: A11 is 11


def read_rows(path, first, last, header):
    with open(path) as file:
        rows = list(csv.reader(file))[header:]
    return np.array([[number(x) for x in row[first:last]] for row in rows if len(row) >= last],
                    dtype=np.float32)


DATASETS = {  # file, first column, end, header lines
    "breast_cancer_gbdt": ("datasets/breast-cancer/wdbc.data", 2, 32, 1),
    "credit_default_rf": ("datasets/credit-default/UCI_Credit_Card.csv", 1, 24, 1),
    "german_credit_rf": ("datasets/german-credit/german.csv", 0, 20, 0),
}


def random_rows(rng, like, count):
    """Around the given rows; some whole, some with missing values."""
    rows = rng.uniform(like.min(0) - 1, like.max(0) + 1, (count, like.shape[1])).astype(np.float32)
    rows[: count // 4] = np.round(rows[: count // 4])
    some = rows[count // 4 : count // 3]
    some[rng.random(some.shape) < 0.1] = np.nan
    rows[-1], rows[-2] = np.inf, -np.inf
    return rows


def recorded_trees(rng):
    for name in (*DATASETS, "heart_disease_tree"):
        path = DATA / "derived/trees" / f"{name}.onnx"
        with open(path.with_suffix(".io.json")) as file:
            recorded = json.load(file)
        rows = np.array(recorded["input"], dtype=np.float32)
        want = np.array(recorded["probabilities"])
        ours = Model(path)
        got, scores = ours.run(rows, "label")[:, 0], ours.run(rows, "probabilities")
        same, worst = int((got == want.argmax(1)).sum()), float(np.abs(scores - want).max())
        say(same == len(rows) and worst < SCORES,
            f"{name}: as recorded on {same} of {len(rows)} rows, scores within {worst:.1e}")
        if name in DATASETS:
            file, first, last, header = DATASETS[name]
            compare(f"{name} on its data set", path, read_rows(DATA / file, first, last, header))
        compare(f"{name} on random rows", path, random_rows(rng, rows, 8000), ties=True)


def recorded_boosting(rng):
    folder = DATA / "onnx-trees/tract-xgboost_classifier_tree"
    recorded = np.load(folder / "io.npz")
    ours = compare("xgboost, three classes, as recorded", folder / "model.onnx", recorded["input"])
    worst = np.abs(ours.run(recorded["input"], "probabilities") - recorded["probabilities"]).max()
    say(worst < SCORES, f"xgboost: recorded probabilities within {worst:.1e}")
    rows = recorded["input"] * rng.uniform(0.3, 2, (20000, 13))
    rows[rng.random(rows.shape) < 0.03] = np.nan
    compare("xgboost on random rows", folder / "model.onnx", rows.astype(np.float32))


def trained_trees(rng):
    """What scikit-learn's own exporter writes, where it is there."""
    try:
        import skl2onnx
        from sklearn import ensemble, tree
    except ImportError:
        print("skipped: scikit-learn and skl2onnx are not there")
        return
    x = rng.normal(size=(600, 6)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(int)
    models = [tree.DecisionTreeClassifier(max_depth=5, random_state=1),
              ensemble.ExtraTreesClassifier(20, max_depth=6, random_state=1),
              *(ensemble.RandomForestClassifier(n, random_state=1) for n in (30, 50, 64, 100))]
    for classes in (2, 3):
        for index, model in enumerate(models):
            labels = y + (x[:, 3] > 0.5) if classes == 3 else y
            model.fit(x, labels)
            path = WORK / f"{type(model).__name__}-{index}-{classes}.onnx"
            onnx.save(skl2onnx.to_onnx(model, x[:1], options={id(model): {"zipmap": False}}), path)
            compare(path.stem, path, rng.normal(size=(4000, 6)).astype(np.float32), ties=True)
    model = ensemble.RandomForestRegressor(20, max_depth=6, random_state=1).fit(x, 100 * x[:, 0])
    path = WORK / "regressor.onnx"
    onnx.save(skl2onnx.to_onnx(model, x[:1]), path)
    rows = rng.normal(size=(4000, 6)).astype(np.float32)
    want = runtime(onnx.load(path), rows)[0]
    worst = float(np.abs(Model(path).run(rows, "variable") - want).max())
    say(worst < SCORES, f"RandomForestRegressor: within {worst:.1e} of a range of 100")


def tract_models(rng):
    """Linear models, and trees that were written as sums and comparisons: these compare exactly.
    Scores are quantised: the samples are numbers of the same kind."""
    folder = DATA / "onnx-trees"
    for name, features in (("linear_classifier", 12), ("linear_regressor", 21)):
        path, rows = folder / f"tract-{name}/model.onnx", rng.uniform(0, 10, (4500, features))
        np.save(WORK / "samples.npy", rows[:500].astype(np.float32))
        ours = Model(path, "--calibrate", WORK / "samples.npy", "--activations", 16)
        if name == "linear_classifier":
            got, want = ours.run(rows[500:], "label")[:, 0], runtime(onnx.load(path), rows[500:])
            scores = ours.run(rows[500:], "probabilities")
            same, worst = int((got == want[0]).sum()), float(np.abs(scores - want[1]).max())
            say(same == 4000 and worst < SCORES,
                f"{name}: same class on {same} of 4000 rows, scores within {worst:.1e}")
        else:
            want = runtime(onnx.load(path), rows[500:])[0]
            worst = float(np.abs(ours.run(rows[500:], "variable") - want).max())
            part = worst / float(np.abs(want).max())
            say(part < SCORES, f"{name}: within {part:.1e} of its range")
    for name in ("lgbm_classifier_tensor", "lgbm_regressor_tensor"):
        path = folder / f"tract-{name}/model.onnx"
        rows = np.load(path.with_name("io.npz"))["input"] * rng.uniform(0.3, 2, (1500, 13))
        np.save(WORK / "samples.npy", rows[:500].astype(np.float32))
        ours = Model(path, "--calibrate", WORK / "samples.npy", "--activations", 16)
        model = onnx.load(path)
        want = [runtime(model, row[None]) for row in rows[500:]]
        port = "probabilities" if "classifier" in name else "output"
        index = [o.name for o in model.graph.output].index(port)
        want = np.concatenate([w[index].reshape(1, -1) for w in want])
        got = ours.run(rows[500:], port)
        same, worst = int((got.argmax(1) == want.argmax(1)).sum()), float(np.abs(got - want).max())
        say(same == 1000 and worst < SCORES,
            f"{name}: same class on {same} of 1000 rows, scores within {worst:.1e}")


def trained_networks(rng):
    """Quantised, so not exact: linear models and perceptrons, with 16-bit activations."""
    try:
        import skl2onnx
        from sklearn import linear_model, neural_network, pipeline, preprocessing
    except ImportError:
        return
    x = rng.normal(size=(600, 6)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(int) + (x[:, 3] > 0.5)
    scaled = lambda model: pipeline.make_pipeline(preprocessing.StandardScaler(), model)
    text = np.array(["ash", "beech", "cedar"])
    models = {
        "logistic": (linear_model.LogisticRegression(), y > 0),
        "logistic-scaled": (scaled(linear_model.LogisticRegression()), y),
        "perceptron-text": (scaled(neural_network.MLPClassifier((16,), random_state=1)), text[y]),
        "perceptron": (neural_network.MLPClassifier((16,), random_state=1), y),
    }
    np.save(WORK / "samples.npy", x)
    for name, (model, labels) in models.items():
        labels = labels.astype(int) if labels.dtype == bool else labels
        path, rows = WORK / f"{name}.onnx", rng.normal(size=(4000, 6)).astype(np.float32)
        exported = skl2onnx.to_onnx(model.fit(x, labels), x[:1],
                                    target_opset={"": 15, "ai.onnx.ml": 3},
                                    options={id(model): {"zipmap": False}})
        onnx.save(exported, path)
        ours = Model(path, "--calibrate", WORK / "samples.npy", "--activations", 16)
        got, want = ours.run(rows, "label")[:, 0].astype(int), runtime(exported, rows)[0]
        agreement = float((np.unique(labels)[got] == want).mean())
        say(agreement > 0.99, f"{name}: same class on {100 * agreement:.2f} % of {len(rows)} rows")


def main():
    if not (DATA / "derived/trees").is_dir():
        skip(f"no tree ensembles in {DATA}; set VOUCH_DATA")
    vouch("keygen", "--output", WORK / "owner.key", "--no-passphrase")
    rng = np.random.default_rng(7)
    recorded_trees(rng)
    recorded_boosting(rng)
    tract_models(rng)
    trained_trees(rng)
    trained_networks(rng)
    if failures:
        sys.exit(f"{len(failures)} comparisons failed")


main()

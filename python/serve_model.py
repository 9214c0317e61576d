"""Answers for one model that MLflow's client has logged, in a process of its own.

Called as `serve_model.py FOLDER`. Lines of JSON come and go over the channel whose number is in NODE_CHANNEL_FD:

  {"id": 1, "inputs": [{"name", "shape", "data"}, ...]}    flat data; null is a missing value

What the model takes is what its own signature says: a table, an array, or arrays by name. The first line that goes back is {"ready": true} or
{"fault": "..."}; then one for each that came: {"id": 1, "outputs": [{"name", "kind", "shape", "data"}, ...]}, `kind` being a NumPy type or "str", or
{"id": 1, "error": "..."}.
"""

import json
import os
import socket
import sys

# What the model prints must not look like an answer.
os.dup2(2, 1)

channel = socket.socket(fileno=int(os.environ.pop("NODE_CHANNEL_FD")))
lines = channel.makefile("rw", encoding="utf-8", newline="\n")


def tell(message):
    lines.write(json.dumps(message, allow_nan=False) + "\n")
    lines.flush()


def words(error):
    text = f"{type(error).__name__}: {error}"
    return text if len(text) <= 2000 else text[:2000] + "…"


def tensor_of(spec, field):
    import numpy as np

    data = [np.nan if value is None else value for value in field["data"]]
    return np.array(data, dtype=spec.type if spec.type.kind != "U" else object).reshape(field["shape"])


def column_of(spec, field):
    import numpy as np
    import pandas as pd

    kind = np.dtype(spec.type.to_pandas())
    data = field["data"]
    if kind.kind == "M":
        return pd.to_datetime(pd.Series(data, dtype=object), utc=True).dt.tz_localize(None)
    return pd.Series([None] * len(data) if all(value is None for value in data) else data, dtype=kind)


def input_of(schema, fields):
    """What the signature says: a table of columns, one array, or arrays by name. A column that may be left out and was is not there."""
    import pandas as pd

    if not schema.has_input_names():
        specs = dict(zip((field["name"] for field in fields), schema.inputs))
    else:
        specs = {spec.name: spec for spec in schema.inputs}
    if schema.is_tensor_spec():
        arrays = {field["name"]: tensor_of(specs[field["name"]], field) for field in fields}
        return arrays if schema.has_input_names() else next(iter(arrays.values()))
    columns = {field["name"]: column_of(specs[field["name"]], field) for field in fields}
    if not schema.has_input_names():
        return pd.DataFrame(dict(enumerate(columns.values())))
    return pd.DataFrame({spec.name: columns[spec.name] for spec in schema.inputs if spec.name in columns})


def output(name, values):
    """One output as it is sent. What is no number, truth or text is refused: nobody would know what it says."""
    import numpy as np

    array = np.asarray(values)
    if array.ndim == 0:
        array = array.reshape(1)
    if array.dtype.kind == "O":
        flat = array.ravel().tolist()
        if all(isinstance(value, bool) for value in flat):
            array = array.astype(bool)
        elif all(isinstance(value, str) for value in flat):
            array = array.astype(str)
        else:
            try:
                array = array.astype(float)
            except (TypeError, ValueError):
                raise TypeError(f"output {name!r} holds {type(flat[0]).__name__}, not numbers, truths or texts") from None
    if array.dtype.kind == "M":
        array = np.datetime_as_string(array.astype("datetime64[ms]"), timezone="UTC")
    if array.dtype.kind not in "biufU":
        raise TypeError(f"output {name!r} holds {array.dtype}, not numbers, truths or texts")
    kind = "str" if array.dtype.kind == "U" else array.dtype.name
    data = array.ravel().tolist()
    if array.dtype.kind == "f":
        data = [value if np.isfinite(value) else None for value in data]
    return {"name": name, "kind": kind, "shape": list(array.shape), "data": data}


def outputs_of(answer):
    import pandas as pd

    if isinstance(answer, pd.DataFrame):
        return [output(str(name), answer[name].to_numpy()) for name in answer.columns]
    if isinstance(answer, pd.Series):
        return [output(None, answer.to_numpy())]
    if isinstance(answer, dict):
        return [output(str(name), values) for name, values in answer.items()]
    # A sparse matrix of SciPy.
    if hasattr(answer, "toarray"):
        answer = answer.toarray()
    return [output(None, answer)]


def main():
    try:
        import mlflow.pyfunc

        model = mlflow.pyfunc.load_model(sys.argv[1])
        schema = model.metadata.get_input_schema()
        if schema is None:
            raise ValueError("it was logged without a signature, which says what it takes")
        tell({"ready": True})
    except BaseException as error:
        tell({"fault": words(error)})
        raise
    for line in lines:
        message = json.loads(line)
        try:
            tell({"id": message["id"], "outputs": outputs_of(model.predict(input_of(schema, message["inputs"])))})
        except Exception as error:
            tell({"id": message["id"], "error": words(error)})


main()

"""How to serve a folder of exported models: TF Serving's settings, compose, Kubernetes, clients."""

import re
from importlib import resources
from pathlib import Path

from zoo.system import writing

_COPIED = ("batching.txt", "monitoring.config", "compose.yaml", "clients/curl.sh")
_COPIED += ("clients/rest.py", "clients/grpc_client.py")


def write(directory):
    """Writes, each in one move, beside the models of a folder:

    - `models.config`: all of them, for `--model_config_file`;
    - `batching.txt`, `monitoring.config`: for `--batching_parameters_file` and
      `--monitoring_config_file`;
    - `compose.yaml` and `kubernetes.yaml`: `tensorflow/serving` with these settings;
    - `clients/`: examples of a request, by curl, in Python over REST and over gRPC.

    Args:
        directory: folder that holds `<model>/<version>/`.
    """
    directory = Path(directory)
    models = sorted({path.parent.parent.name for path in directory.glob("*/*/saved_model.pb")})
    for name in _COPIED:
        _put(directory / name, _template(name))
    _put(directory / "models.config", _models_config(models))
    manifest = re.sub("MODEL", models[0], _template("kubernetes.yaml"))
    _put(directory / "kubernetes.yaml", manifest)


def _models_config(models):
    entries = (
        "  config {\n"
        f'    name: "{name}"\n'
        f'    base_path: "/models/{name}"\n'
        '    model_platform: "tensorflow"\n'
        "  }\n"
        for name in models
    )
    return "model_config_list {\n" + "".join(entries) + "}\n"


def _template(name):
    return resources.files(__name__).joinpath(Path(name).name).read_text(encoding="utf-8")


def _put(path, text):
    with writing(path) as beside:
        beside.write_text(text, encoding="utf-8")

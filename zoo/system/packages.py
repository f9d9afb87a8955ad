"""Packages that only some need, and the extra of the project that brings each of them."""

import contextlib

EXTRAS = {
    "ai_edge_litert": "fast",
    "apache_beam": "beam",
    "bm25s": "rank",
    "grpc": "grpc",
    "jax": "jax",
    "jieba": "evaluate",
    "matplotlib": "plot",
    "prometheus_client": "serve",
    "rouge_score": "evaluate",
    "sacrebleu": "evaluate",
    "sacremoses": "evaluate",
    "safetensors": "import",
    "starlette": "serve",
    "tensorboard": "train",
    "tensorflow": "tensorflow",
    "tensorflow_serving": "grpc",
    "uvicorn": "serve",
}


@contextlib.contextmanager
def advising():
    """An import that fails for want of a package says which extra of the project brings it.

    Raises:
        ImportError: the package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        raise ImportError(
            f"The package {package} is not installed: "
            f"pip install 'attention-zoo[{EXTRAS[package]}]'.",
            name=error.name,
        ) from error

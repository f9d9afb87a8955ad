"""Ask a served model over REST, with nothing but Python.

    python rest.py MODEL "A text." "Another." [--url http://localhost:8501] [--signature attention]

Where the model wants pictures, give their files instead of texts.
"""

import argparse
import base64
import http.client
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("inputs", nargs="+")
    parser.add_argument("--url", default="http://localhost:8501")
    parser.add_argument("--signature", default="serving_default")
    args = parser.parse_args()
    try:
        instances = [instance(text) for text in args.inputs]
        answers = ask(args.url, args.model, args.signature, instances)
    except urllib.error.HTTPError as error:
        sys.exit(f"{args.url}: {error.code}: {reason(error)}")
    except urllib.error.URLError as error:
        sys.exit(f"{args.url}: no server answers: {error.reason}")
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        sys.exit(f"{getattr(error, 'filename', None) or args.url}: {error!r}")
    for answer in answers:
        print(json.dumps(answer, ensure_ascii=False))


def instance(text):
    if Path(text).suffix.lower() in (".jpg", ".jpeg", ".png"):
        return {"b64": base64.b64encode(Path(text).read_bytes()).decode()}
    return text


def ask(url, model, signature, instances):
    """The answers to a list of inputs."""
    request = urllib.request.Request(
        f"{url.rstrip('/')}/v1/models/{urllib.parse.quote(model, safe='')}:predict",
        data=json.dumps({"signature_name": signature, "instances": instances}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["predictions"]


def reason(error):
    """What the server says of an error, in one line."""
    said = error.read().decode("utf-8", "replace")
    try:
        said = json.loads(said)["error"]
    except (ValueError, KeyError, TypeError):
        pass  # a proxy in between has its own form
    return " ".join(said.split())[:500]


if __name__ == "__main__":
    main()

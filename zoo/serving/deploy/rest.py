"""Ask a served model over REST, with nothing but Python.

    python rest.py MODEL "A text." "Another." [--url http://localhost:8501] [--signature attention]

Where the model wants pictures, give their files instead of texts.
"""

import argparse
import base64
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("inputs", nargs="+")
    parser.add_argument("--url", default="http://localhost:8501")
    parser.add_argument("--signature", default="serving_default")
    args = parser.parse_args()
    body = {
        "signature_name": args.signature,
        "instances": [
            {"b64": base64.b64encode(Path(text).read_bytes()).decode()}
            if Path(text).suffix.lower() in (".jpg", ".jpeg", ".png")
            else text
            for text in args.inputs
        ],
    }
    request = urllib.request.Request(
        f"{args.url}/v1/models/{args.model}:predict",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            answers = json.load(response)["predictions"]
    except urllib.error.HTTPError as error:
        sys.exit(f"{error.code}: {json.load(error)['error']}")
    for answer in answers:
        print(json.dumps(answer, ensure_ascii=False))


if __name__ == "__main__":
    main()

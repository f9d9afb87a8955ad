#!/bin/sh
# One request by curl:  sh curl.sh MODEL "A text."  [http://localhost:8501]
# Texts with quotes or line ends need escaping, which rest.py does by itself.
set -eu
exec curl --fail-with-body --silent --show-error \
  --header 'Content-Type: application/json' \
  --data "{\"instances\": [\"$2\"]}" \
  "${3:-http://localhost:8501}/v1/models/$1:predict"

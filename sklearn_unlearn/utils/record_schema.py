"""The JSON Schema of records of requests."""

from __future__ import annotations

from typing import Any

#: Of the documents that `RequestRecord.to_json` gives.
FORMAT = 1

_TEXT: dict[str, Any] = {"type": "string"}
_HASH: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{32}$"}


def _optional(kind):
    return {**kind, "type": [kind["type"], "null"]}


def _several(kind):
    return {"type": "array", "items": kind}


_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_NUMBER: dict[str, Any] = {"type": "number", "minimum": 0}
_WORTH: dict[str, Any] = {"enum": ["exact", "refined", "one step", "empirical", None]}
_SIGNED: dict[str, Any] = {"type": ["number", "null"]}
_CHOICE: dict[str, Any] = {
    "type": ["object", "null"],
    "properties": {
        "best_before": _optional(_COUNT),
        "best_after": _optional(_COUNT),
        "lead_before": _SIGNED,
        "lead_after": _SIGNED,
        "runner_up": _optional(_COUNT),
        "frozen": {"type": "boolean"},
    },
    "additionalProperties": False,
}
_CHOICE["required"] = list(_CHOICE["properties"])
PROPERTIES: dict[str, Any] = {
    "format": {"const": FORMAT},
    "identity": _HASH,
    "follows": _optional(_HASH),
    "undoes": _optional(_HASH),
    "verb": _TEXT,
    "estimator": _TEXT,
    "n_rows_out": _COUNT,
    "n_rows_in": _COUNT,
    "columns": _several({"type": ["string", "integer"]}),
    "row_ids": _several(_HASH),
    "time": {"type": "string", "format": "date-time"},
    "seconds": _NUMBER,
    "n_together": {"type": "integer", "minimum": 1},
    "method": _WORTH,
    "exactness_before": _WORTH,
    "exactness_after": _WORTH,
    "residual_before": _optional(_NUMBER),
    "residual_after": _optional(_NUMBER),
    "steps": _several(_TEXT),
    "frozen": _several(_TEXT),
    "publications": _optional(_COUNT),
    "budget": _optional(_NUMBER),
    "choice": _CHOICE,
    "versions": {"type": "object", "additionalProperties": _TEXT},
    "asked": _HASH,
    "named": _optional(_HASH),
    "state_before": _HASH,
    "state_after": _HASH,
}
#: JSON Schema (draft 2020-12) of what `RequestRecord.to_json` gives.
RECORD_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "RequestRecord",
    "type": "object",
    "properties": PROPERTIES,
    "required": list(PROPERTIES),
    "additionalProperties": False,
}

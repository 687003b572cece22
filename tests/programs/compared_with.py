"""What differs between two runs of one program."""

import json
import re

# The library's own frames in a traceback; the program's are compared.
FOREIGN = re.compile(r'  File "[^"]*/opentelemetry/[^\n]*\n(?:    [^\n]*\n)*')
TIME = re.compile("(?i)end_?time|time_?stamp|timeunix|duration")


def same(document, *, untimed=False):
    """Returns the document without times that the program did not give, JSON in texts read."""
    if isinstance(document, dict):
        untimed = untimed or document.get("name") in {"raising", "exception"}
        return {
            key: None if untimed and TIME.search(key) else same(value, untimed=untimed)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [same(each, untimed=untimed) for each in document]
    if isinstance(document, str) and document.startswith('{"'):
        return same(json.loads(document), untimed=untimed)
    if isinstance(document, str) and "Traceback" in document:
        return FOREIGN.sub("", document)
    return document


def differences(expected, found, place=""):
    """Returns where two documents differ, a line each, in the order of the first."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if list(expected) != list(found):
            return [f"{place}: keys {list(found)} in place of {list(expected)}"]
        pairs = [(f"{place}.{key}", expected[key], found[key]) for key in expected]
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            return [f"{place}: {len(found)} items in place of {len(expected)}"]
        pairs = [
            (f"{place}[{n}]", a, b) for n, (a, b) in enumerate(zip(expected, found, strict=True))
        ]
    else:
        return [] if expected == found else [f"{place}: {found!r} in place of {expected!r}"]
    return [line for at, a, b in pairs for line in differences(a, b, at)]
